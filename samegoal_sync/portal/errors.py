"""What can go wrong in the portal.

SyncError
`-- PortalError
    |-- NotFound        no such page, student or document for this person     (404)
    |-- Forbidden       the form's token is missing or stale                  (403)
    |-- SlowDown        too many failed sign-ins                              (429)
    |-- Busy            as many people wait for a PDF as may                  (503)
    |-- ManyAtOnce      so many requests of the person are answered that this one waited (503)
    |-- ChangeUnderWay  the district's lock is held for long, and another change waits (503)
    |-- Conflict        what was on the page is no longer so                  (409)
    |-- Refused         a value that was entered can't be taken               (400)
    |   `-- Invalid     fields of a form, each with what is wrong with it     (422)
    `-- Unexpected      a fault of the portal or of Postgres                  (500)
"""

# ruff: noqa: N818 (named for what happened)
from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from samegoal_sync.errors import Actor, SyncError


class PortalError(SyncError):
    """Base; each is shown as a page that says what to do."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    default_actor = Actor.DISTRICT


class NotFound(PortalError):
    """Also the answer for what belongs to another district: its existence is not told."""

    status = 404
    title = "Page not found"

    def __init__(self, what: str = "There is nothing here that you may see") -> None:
        super().__init__(
            what,
            hint="Check the address, or go back to the list of students. If you expected to see "
            "this page, ask an administrative user of your district for access.",
        )


class Forbidden(PortalError):
    """A form came without the token of the session that it claims to belong to."""

    status = 403
    title = "This form has expired"

    def __init__(self) -> None:
        super().__init__(
            "The form was opened before you last signed in, or did not come from this portal",
            hint="Go back, reload the page and send the form again. Nothing was changed.",
        )


class SlowDown(PortalError):
    """Failed sign-ins of this login from this browser or network: the next try comes too early."""

    status = 429
    title = "Too many tries"

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        minutes = round(seconds / 60)
        wait = f"{minutes} minutes" if minutes > 1 else f"{seconds} seconds"
        super().__init__(
            "There were too many failed tries to sign in",
            hint=f"Wait {wait} and try again. If you forgot your password, ask an administrative "
            "user or SameGoal to reset it.",
        )


class Busy(PortalError):
    """As many people wait for a PDF as may."""

    status = 503
    title = "Just a moment"

    def __init__(self) -> None:
        super().__init__(
            "Several PDFs are being made", hint="Try again in a few seconds; nothing is lost."
        )


class ManyAtOnce(PortalError):
    """As many requests of the person, or of their district, are being answered as may be."""

    status = 503
    title = "Just a moment"

    def __init__(self) -> None:
        super().__init__(
            "Many other pages of yours or of your district are still being answered",
            hint="Close tabs that you don't need, and try again in a minute; nothing was changed.",
        )


class ChangeUnderWay(PortalError):
    """An import keeps the district for long, and another change of it waits already."""

    status = 503
    title = "Just a moment"

    def __init__(self) -> None:
        super().__init__(
            "An import or another change of the district is under way",
            hint="Go back and try again in a minute; nothing was changed.",
        )


class Conflict(PortalError):
    """What the person saw is no longer so; nothing was changed."""

    status = 409
    title = "This has changed meanwhile"


def changed_meanwhile() -> Conflict:
    """The answer where somebody else's transaction came between, whatever it did."""
    return Conflict(
        "Somebody else, or the nightly import, changed the same record at the same moment",
        hint="Go back, reload the page, look at what is there now and try again.",
    )


class Refused(PortalError):
    """A value can't be taken; nothing was changed."""

    status = 400
    title = "This can't be saved"
    exit_status = 2


class Invalid(Refused):
    """Fields of a form that can't be taken; the page shows the form again, each field with its
    message and with what was typed.

    Args:
        errors: field name -> one sentence for the person who typed it.
    """

    status = 422

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(
            "; ".join(self.errors.values()), hint="Go back, correct it and save again."
        )


class Unexpected(PortalError):
    """A fault that no page foresaw; its own words, which may quote a record, are not shown."""

    default_actor = Actor.TECHNICAL_TEAM

    def __init__(self) -> None:
        super().__init__(
            "The portal met something that it does not know",
            hint="Try again. If it comes again, tell SameGoal the time and the page; what was "
            "saved before is safe.",
        )
