"""What can go wrong, as types: every error says what happened, who has to act and what to do.

    SyncError
    |-- UsageError          the command or its input is wrong          (exit status 2)
    |-- SettingError        an environment variable or file is wrong   (exit status 2)
    |-- DatabaseError       Postgres can't be used: it can't be started, its tables are too old
    |   |-- DatabaseUnreachable  no connection came
    |   `-- DatabaseLost    it gave up in the middle: stopped, cut off, full
    |-- StorageError        a stored frame is missing, damaged or not fit to read
    |   `-- StorageUnreachable  the object storage did not answer
    |-- qmlativ.errors      the source: access, faults of the network, faults of the answer
    |-- demographics        a district's data can't be curated (structure)
    |-- samegoal            publication held or refused
    `-- districts           registry and onboarding

An error's text never holds a secret or a value from a student's record: it is made of
names of settings, districts, objects, fields, rules and counts only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class Actor(StrEnum):
    """Who has to act to make a problem go away."""

    DISTRICT = "district"
    TECHNICAL_TEAM = "SameGoal technical team"
    SKYWARD = "Skyward"


class SyncError(Exception):
    """Base of every error this project raises on purpose.

    Args:
        what: one sentence: what was tried and what came back.
        hint: a remedy that the actor can follow as it stands. Required: an error
            without a way back is not finished.
        actor: who has to act; each class has a default.

    ``transient`` rules retries in one place: the client's, and Dagster's retry of a run.
    """

    transient: ClassVar[bool] = False
    default_actor: ClassVar[Actor] = Actor.TECHNICAL_TEAM
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, hint: str, actor: Actor | None = None) -> None:
        self.what = what
        self.hint = hint
        self.actor = actor or self.default_actor
        super().__init__(what)

    def __str__(self) -> str:
        return f"{self.what}\n  hint: {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # From one process to another as it is: each class is made from other arguments.
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(
    kind: type[SyncError], arguments: tuple[Any, ...], attributes: dict[str, Any]
) -> SyncError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


class UsageError(SyncError):
    """The command line, a file given to it, or a value entered is wrong."""

    exit_status = 2


class SettingError(SyncError):
    """A setting (environment variable, key file, YAML) is missing or wrong."""

    exit_status = 2


class DatabaseError(SyncError):
    """Postgres can't be started or reached."""


class DatabaseUnreachable(DatabaseError):  # noqa: N818 (named as Qmlativ's ServerUnreachable)
    """No connection to Postgres came; another try may."""

    transient = True


class DatabaseLost(DatabaseError):  # noqa: N818 (as above)
    """Postgres gave up in the middle of a statement; another try may pass.

    Attributes:
        server_went: it was stopped, crashed, or the connection broke.
    """

    transient = True
    server_went = False


class StorageError(SyncError):
    """A stored frame is missing, damaged, or marked as not fit to be read."""


class StorageUnreachable(StorageError):  # noqa: N818 (named as Qmlativ's ServerUnreachable)
    """The object storage did not answer, or not in time."""

    transient = True
