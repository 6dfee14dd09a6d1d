"""The ``students`` commands: records that may be one student, which only a person can decide."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from samegoal_sync.commands.app import (
    App,
    CommandGroup,
    json_option,
    pass_app,
    print_json,
    say,
)
from samegoal_sync.commands.audited import audited, witness
from samegoal_sync.commands.listing import print_list
from samegoal_sync.commands.published import district_argument, who_option

if TYPE_CHECKING:
    from samegoal_sync.samegoal.publication.same_student import PairedRecord


@click.group(cls=CommandGroup)
def students() -> None:
    """Decide about records that may be one student.

    Example: samegoal-sync students undecided fairview-isd
    """


@students.command("undecided")
@district_argument
@json_option
@pass_app
def undecided(app: App, district: str, as_json: bool) -> None:
    """List pairs of records that may be one student.

    Example: samegoal-sync students undecided fairview-isd
    """
    from samegoal_sync.samegoal.publication.same_student import undecided_pairs
    from samegoal_sync.samegoal.publication.transaction import reading, require_district

    with reading(app.database_url) as connection:
        require_district(connection, district)
        pairs = undecided_pairs(connection, district)
    audited(app, "VIEWED_PROBLEMS", district, what=f"{len(pairs)} pairs of records")
    if as_json:
        print_json(
            [
                {
                    "why": pair.why,
                    "merge": [pair.other.student_id, pair.survivor.student_id],
                    "can_be_merged": pair.can_be_merged,
                    "documents": pair.other.documents,
                }
                for pair in pairs
            ]
        )
        return
    if not pairs:
        app.console.print(f"nothing to decide in {district}")
        return
    print_list(
        ("May be one student", "Why", "Documents", "Decide"),
        (
            (
                f"{_shown(pair.other)}, {_shown(pair.survivor)}",
                pair.why,
                f"{pair.other.documents}, {pair.survivor.documents}",
                f"samegoal-sync students merge {district} {pair.other.student_id} "
                f"{pair.survivor.student_id}"
                if pair.can_be_merged
                else "Qmlativ sends both: merge them in Skyward",
            )
            for pair in pairs
        ),
    )
    app.console.print(f"two students: samegoal-sync students keep-apart {district} ONE OTHER")


def _shown(record: PairedRecord) -> str:
    """A record without its name: a terminal keeps what it showed."""
    state = "in Qmlativ" if record.sent else "closed" if record.closed else "not in Qmlativ"
    return f"{record.shown_id} ({state})"


@students.command("merge")
@district_argument
@click.argument("other", metavar="FROM")
@click.argument("survivor", metavar="INTO")
@who_option
@pass_app
def merge(app: App, district: str, other: str, survivor: str, who: str | None) -> None:
    """Say that two records are one student: documents of FROM go to INTO.

    Preferred gender and pronouns go along where INTO has none. FROM is closed and keeps its
    history.

    Example: samegoal-sync students merge fairview-isd ~10234 100234
    """
    from samegoal_sync.samegoal.publication.same_student import merge as merge_records

    merge_records(
        app.database_url, district, other, survivor,
        witness("MERGED", district, who=who, student_id=survivor, what=f"from {other}"),
    )  # fmt: skip
    say(f"{district}: documents of {other} are {survivor}'s now; {other} is closed")


@students.command("keep-apart")
@district_argument
@click.argument("one")
@click.argument("other")
@who_option
@pass_app
def keep_apart(app: App, district: str, one: str, other: str, who: str | None) -> None:
    """Say that two records are two students; the pair is not listed again.

    Example: samegoal-sync students keep-apart fairview-isd 100234 100987
    """
    from samegoal_sync.samegoal.publication.same_student import keep_apart as keep

    keep(
        app.database_url, district, one, other, who or getpass.getuser(),
        witness("KEPT_APART", district, who=who, student_id=one, what=f"and {other}"),
    )  # fmt: skip
    say(f"{district}: {one} and {other} are two students")


@students.command("erase")
@district_argument
@click.argument("student_id", metavar="STUDENT_ID")
@click.option("--yes", is_flag=True, help="Don't ask.")
@who_option
@pass_app
def erase(app: App, district: str, student_id: str, yes: bool, who: str | None) -> None:
    """Erase a student because the family asked: guardians, history and documents too.

    The following nights don't bring the student back, see students admit-again.

    Example: samegoal-sync students erase fairview-isd 100234
    """
    from samegoal_sync.samegoal.publication.erasure import erase_student, erasure_of
    from samegoal_sync.samegoal.publication.transaction import reading, require_district

    with reading(app.database_url) as connection:
        require_district(connection, district)
        erasure = erasure_of(connection, district, student_id)
    if not yes:
        click.confirm(
            f"{district}: erase {student_id} with {erasure.guardians} guardians, "
            f"{erasure.changes} changes and {erasure.documents} documents "
            f"({erasure.finished} finished)?",
            abort=True,
            err=True,
        )
    erase_student(
        app.database_url, district, student_id, who or getpass.getuser(),
        witness("ERASED", district, who=who, student_id=student_id),
    )  # fmt: skip
    say(f"{district}: {student_id} is erased")
    app.console.print(
        "remaining: lines of the audit log, the SIS Internal ID, frames of the last nights until "
        "they are pruned, backups, and files that were delivered"
    )


@students.command("forget")
@district_argument
@click.argument("student_id", metavar="STUDENT_ID")
@click.argument("field", metavar="FIELD")
@who_option
@pass_app
def forget(app: App, district: str, student_id: str, field: str, who: str | None) -> None:
    """Take former values of a field that was corrected out of a student's history.

    Example: samegoal-sync students forget fairview-isd 100234 address
    """
    from samegoal_sync.samegoal.publication.erasure import forget_values

    count = forget_values(
        app.database_url, district, student_id, field,
        witness("CORRECTED", district, who=who, student_id=student_id, what=f"history of {field}"),
    )  # fmt: skip
    say(f"{district}: {count} changes of {field} keep no values")


@students.command("erased")
@district_argument
@json_option
@pass_app
def erased(app: App, district: str, as_json: bool) -> None:
    """List students who were erased, by SIS Internal ID.

    Example: samegoal-sync students erased fairview-isd
    """
    from samegoal_sync.samegoal.publication.erasure import erased_students
    from samegoal_sync.samegoal.publication.transaction import reading, require_district

    with reading(app.database_url) as connection:
        require_district(connection, district)
        found = erased_students(connection, district)
    if as_json:
        print_json(found)
        return
    print_list(
        ("SIS Internal ID", "Erased", "By"),
        ((str(one["sis_internal_id"]), f"{one['erased_at']:%Y-%m-%d}", one["erased_by"])
         for one in found),
    )  # fmt: skip


@students.command("admit-again")
@district_argument
@click.argument("sis_internal_id", type=int)
@who_option
@pass_app
def admit_again(app: App, district: str, sis_internal_id: int, who: str | None) -> None:
    """Let the next night bring an erased student back.

    Example: samegoal-sync students admit-again fairview-isd 10234
    """
    from samegoal_sync.samegoal.publication.erasure import admit_again as admit

    admit(
        app.database_url, district, sis_internal_id,
        witness("ADMITTED_AGAIN", district, who=who, what=f"SIS Internal ID {sis_internal_id}"),
    )  # fmt: skip
    say(f"{district}: the next night imports {sis_internal_id} again")
