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
    from samegoal_sync.samegoal.publication.same_student import StudentRecord


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


def _shown(record: StudentRecord) -> str:
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
