"""What can go wrong at the destination.

    SyncError
    `-- PublicationError
        |-- InconsistentFrames                what came from the middle contradicts itself
        |-- SumsDiffer            a student or guardian was not accounted for
        |-- DistrictNotRegistered the slug is not in the registry
        |-- StudentNotPublished   SameGoal has no such student
        |-- SameRecord            two records were to be named, and one was named twice
        |-- StillSent             a record can't be merged away: Qmlativ sends its student
        |-- ClosedRecord          nothing can be merged into a record that is closed
        |-- NotErased             nobody of that SIS Internal ID was erased
        |-- NothingHeld           there is no held night to decide
        |-- HeldNightDamaged      the held night can't be read any more
        |-- OtherNightHeld        the held night is not the one that was looked at
        |-- DatabaseFault         Postgres refused a statement (transient where it is)
        |-- FolderNotOurs         an export folder holds files of somebody else
        `-- DeliveryError         files could not be handed over by SFTP (transient where it is)

Texts are made of names of columns, rules and counts; Postgres's own words, which quote rows,
are never repeated.
"""

# ruff: noqa: N818 (an error's name says what is wrong)

from __future__ import annotations

from datetime import date

import psycopg

from samegoal_sync.database.faults import meaning_of, server_went
from samegoal_sync.errors import Actor, SyncError


class PublicationError(SyncError):
    """Base of every error of the destination."""


class InconsistentFrames(PublicationError):
    """What is to be published contradicts itself; nothing was published."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}; nothing was published",
            hint="rematerialize student_demographics and guardian_demographics; if it comes "
            "again it is a fault of the transforms: report it with this text",
        )


class SumsDiffer(PublicationError):
    """The sums of the night don't add up: somebody would have been lost in silence."""

    def __init__(self, who: str, sent: int, accounted: int) -> None:
        super().__init__(
            f"{sent} {who} were sent but {accounted} are accounted for; nothing was published",
            hint="report it: no student may disappear between Qmlativ and SameGoal unseen",
        )


class DistrictNotRegistered(PublicationError):
    """The slug is not in the registry."""

    exit_status = 2

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"there is no district {slug!r}",
            hint="samegoal-sync districts list shows the districts there are",
        )


class StudentNotPublished(PublicationError):
    """SameGoal has no such student in this district."""

    def __init__(self, slug: str, student_id: str) -> None:
        super().__init__(
            f"{slug} has no student {student_id!r} in SameGoal",
            hint=f"look at samegoal-sync rejects {slug}, or read the student from Qmlativ now: "
            f"samegoal-sync sync {slug} --student {student_id}",
            actor=Actor.DISTRICT,
        )


class SameRecord(PublicationError):
    """Two records were to be named, and one was named twice."""

    exit_status = 2

    def __init__(self, student_id: str) -> None:
        super().__init__(
            f"{student_id!r} was named twice",
            hint="name the two records as samegoal-sync students undecided lists them",
            actor=Actor.DISTRICT,
        )


class StillSent(PublicationError):
    """A record can't be merged away while Qmlativ sends its student."""

    def __init__(self, student_id: str) -> None:
        super().__init__(
            f"Qmlativ still sends the student {student_id!r}, so that record can't be closed here",
            hint="if both are one student, merge the records in Skyward (Student Management > "
            "Students) and decide after the next night; or name the two the other way round",
            actor=Actor.DISTRICT,
        )


class ClosedRecord(PublicationError):
    """Nothing can be merged into a record that is closed."""

    def __init__(self, student_id: str) -> None:
        super().__init__(
            f"the record that had the Student Id {student_id!r} is closed",
            hint="merge into the student's present record: samegoal-sync students undecided "
            "DISTRICT lists it",
            actor=Actor.DISTRICT,
        )


class NotErased(PublicationError):
    """Nobody of that SIS Internal ID was erased in the district."""

    exit_status = 2

    def __init__(self, slug: str, sis_internal_id: int) -> None:
        super().__init__(
            f"nobody of SIS Internal ID {sis_internal_id} was erased in {slug}",
            hint=f"samegoal-sync students erased {slug} lists those who were",
        )


class NothingHeld(PublicationError):
    """There is no held night to decide."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"no night of {slug} is held",
            hint="samegoal-sync status shows which districts are held",
        )


class HeldNightDamaged(PublicationError):
    """The held night can't be read any more: its row was changed by something else than us."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"the held night of {slug} is damaged",
            hint=f"read the district anew, which takes its place: samegoal-sync sync {slug}; or "
            f"drop it: samegoal-sync discard {slug}",
        )


class OtherNightHeld(PublicationError):
    """The night that a person decided about is no longer the one that is held."""

    def __init__(self, slug: str, night: date) -> None:
        super().__init__(
            f"by now the night of {night} is held for {slug}, not the one that was looked at",
            hint=f"look at it before you decide: samegoal-sync held {slug}",
            actor=Actor.DISTRICT,
        )


class DatabaseFault(PublicationError):
    """Postgres refused a statement; the transaction is undone, what was published stays."""

    def __init__(self, error: psycopg.Error) -> None:
        self.sqlstate = error.sqlstate or "connection lost"
        self.server_went = server_went(error.sqlstate)
        meaning = meaning_of(error.sqlstate)
        constraint = error.diag.constraint_name
        super().__init__(
            f"Postgres refused the publication (SQLSTATE {self.sqlstate}"
            + (f", constraint {constraint})" if constraint else ")")
            + (f": {meaning[0]}" if meaning else ""),
            hint=(f"{meaning[1]}, then run it again" if meaning else "run it again")
            + "; what is published is as it was. If it comes again, look at the "
            "Postgres server's log for this SQLSTATE",
        )


class TransientDatabaseFault(DatabaseFault):
    """The connection broke or another transaction was in the way: another try may pass."""

    transient = True


class FolderNotOurs(PublicationError):
    """An export folder holds files that the export did not write."""

    exit_status = 2

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"{folder} holds files that are not an export",
            hint="name an empty or new folder; an export only replaces students.csv and "
            "guardians.csv",
        )


class DeliveryError(PublicationError):
    """Files could not be handed over by SFTP; without COMPLETE nothing is taken up."""


class TransientDeliveryError(DeliveryError):
    """The connection broke or was not there: another try may pass."""

    transient = True
