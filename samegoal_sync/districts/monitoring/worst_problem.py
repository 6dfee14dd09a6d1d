"""What is wrong with a district first, how bad that is, and who has to act."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from samegoal_sync.district import DistrictState
from samegoal_sync.errors import Actor
from samegoal_sync.samegoal.publication.findings import Findings

#: Without a good night for so long, a district counts as stale.
FRESH = timedelta(hours=36)

#: Days before the expiration date at which a district is warned.
WARNED_AT = (30, 14, 7, 1)

#: Share of students rejected in one night beyond which somebody should look.
REJECTS_SHARE = 0.02


class Severity(IntEnum):
    """How much a district needs somebody; the worst comes first on every list."""

    FINE = 0
    WAITING = 1
    WARNING = 2
    STALE = 3
    HELD = 4
    FAILING = 5

    @property
    def word(self) -> str:
        """The one word for it, wherever it is shown."""
        return self.name.lower()


class Cause(StrEnum):
    """Why a district stands as it does: what its people can do depends on it."""

    NONE = "none"
    SUSPENDED = "suspended"
    ONBOARDING = "onboarding"
    CUT_OFF = "cut off"
    FAILED_NIGHT = "failed night"
    ACCESS_REFUSED = "access refused"
    FAILING = "failing"
    HELD = "held"
    UNDELIVERED = "undelivered"
    STALE = "stale"
    EXPIRING = "expiring"
    REJECTS = "rejects"


_Problem = tuple[Severity, Cause, str | None, str | None, str | None]


def worst_problem(
    district: dict[str, Any],
    last: dict[str, Any] | None,
    counts: dict[str, int],
    asked_at: datetime | None,
    days_left: int | None,
    now: datetime,
) -> _Problem:
    """The one thing that somebody should do first: how bad, why, what is wrong, who acts and how.

    Args:
        district: its row, with what is held, cut off and not delivered.
        last: its newest night, if there is one.
        counts: of the last good night.
        asked_at: when the last night ended that went as the district wants it; aware.
        days_left: until the access ends.
    """
    slug, state = district["slug"], DistrictState(district["state"])
    if state is DistrictState.SUSPENDED:
        said = district["message"] or "suspended"
        return Severity.WAITING, Cause.SUSPENDED, said, None, None
    if state in (DistrictState.REQUESTED, DistrictState.VERIFIED, DistrictState.CONNECTED):
        step = "verify" if state is DistrictState.REQUESTED else "complete"
        return (
            Severity.WAITING,
            Cause.ONBOARDING,
            f"onboarding: {state}",
            Actor.TECHNICAL_TEAM.value,
            f"samegoal-sync districts {step} {slug}",
        )
    if district["cut_off"]:
        return (
            Severity.FAILING,
            Cause.CUT_OFF,
            f"the import that began at {district['cut_off']:%Y-%m-%d %H:%M} UTC was cut off: "
            "its process is gone",
            Actor.TECHNICAL_TEAM.value,
            f"the Dagster daemon ends it within a minute; else: samegoal-sync sync {slug}",
        )
    if last and last["state"] == "failed":
        refused = Findings.from_json(last["findings"]).error == "AccessExpired"
        cause = Cause.ACCESS_REFUSED if refused else Cause.FAILED_NIGHT
        return Severity.FAILING, cause, last["message"], last["actor"], last["hint"]
    if state in (DistrictState.FAILING, DistrictState.EXPIRED):
        refused = state is DistrictState.EXPIRED
        return (
            Severity.FAILING,
            Cause.ACCESS_REFUSED if refused else Cause.FAILING,
            district["message"] or state.value,
            Actor.DISTRICT.value if refused else Actor.TECHNICAL_TEAM.value,
            f"samegoal-sync districts verify {slug}",
        )
    if district["held_night"] or (last and last["state"] == "held"):
        said = last["message"] if last and last["state"] == "held" else None
        return (
            Severity.HELD,
            Cause.HELD,
            said or f"the night of {district['held_night'] or 'yesterday'} is held",
            Actor.DISTRICT.value,
            f"samegoal-sync held {slug}, then approve or discard",
        )
    if district["undelivered"]:
        return (
            Severity.FAILING,
            Cause.UNDELIVERED,
            f"what is published was not delivered: {district['undelivered']}",
            district["undelivered_actor"],
            district["undelivered_hint"],
        )
    return _stale_or_warned(slug, counts, asked_at, days_left, now)


def _stale_or_warned(
    slug: str,
    counts: dict[str, int],
    asked_at: datetime | None,
    days_left: int | None,
    now: datetime,
) -> _Problem:
    if asked_at is None or asked_at < now - FRESH:
        return (
            Severity.STALE,
            Cause.STALE,
            "no good night for 36 hours" if asked_at else "no night yet",
            Actor.TECHNICAL_TEAM.value,
            f"see that samegoal-sync dev (the Dagster daemon) is up; samegoal-sync sync {slug}",
        )
    if days_left is not None and days_left <= max(WARNED_AT):
        return (
            Severity.WARNING,
            Cause.EXPIRING,
            f"access expires in {days_left} days" if days_left >= 0 else "access should have ended",
            Actor.DISTRICT.value,
            "in Skyward, Administrative Access > API > Integration: extend or remove the "
            f"Expiration Date; then samegoal-sync districts change {slug} --expires DATE",
        )
    aside, sent = counts.get("students_rejected", 0), counts.get("students_sent", 0)
    if sent and aside / sent > REJECTS_SHARE:
        return (
            Severity.WARNING,
            Cause.REJECTS,
            f"{aside} of {sent} students rejected",
            Actor.DISTRICT.value,
            f"samegoal-sync rejects {slug}",
        )
    return Severity.FINE, Cause.NONE, None, None, None
