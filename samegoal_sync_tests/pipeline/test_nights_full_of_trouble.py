"""Whole nights of a district that has every kind of public trouble at once, over several days.

One real sandbox, Dagster and Postgres: a clean night, every kind of trouble of the sandbox, a night
with faults of the server and of its login, a maintenance page, a paused night with a new court
order. What is right for each kind stands in ``_RIGHT``, a line or two a kind.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from samegoal_sync.database import connect
from samegoal_sync.district import DateRange, DistrictSettings, DistrictState
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.refresh.refresh_student import refresh_student
from samegoal_sync.samegoal.delivery.csv_files import render
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.sandbox.population.day_changes import DayChanges
from samegoal_sync.sandbox.population.trouble_kinds import Trouble, TroubleKind
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.pipeline.conftest import KEY, World

SLUG = "trouble-isd"
Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """What SameGoal shows, and what was reported with the last night."""

    students: dict[str, Row]
    guardians: dict[str, dict[int, Row]]
    findings: Row
    rejects: list[tuple[str, str | None]]

    def of(self, trouble: Trouble, place: int = 0) -> Row:
        """The record under the Student Number that this student of the trouble had before."""
        return self.students[trouble.numbers[place]]

    def seen_by(self, trouble: Trouble, place: int = 0) -> dict[int, Row]:
        """Guardians of the student who has that number."""
        return self.guardians.get(trouble.numbers[place], {})

    def reported(self, rule: str, number: str) -> bool:
        return (rule, number) in self.rejects


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[World]:
    district = SandboxDistrict(SLUG, "Trouble ISD", 320, today=date.today() - timedelta(days=2))
    with running_sandbox([district]) as sandbox:
        sandbox.create_access(SLUG, KEY)
        secret = sandbox.generate_secret(SLUG, KEY)
        settings = Settings(home=tmp_path / "h", storage=tmp_path / "s", allow_loopback=True)
        registry = Registry(settings, database_url)
        registry.add(
            slug=SLUG,
            name="Trouble ISD",
            base_url=sandbox.base_url(SLUG),
            client_key=KEY,
            who="test",
        )
        registry.store_secret(SLUG, Secret(secret), "test")
        registry.set_state(SLUG, DistrictState.ACTIVE, "test")
        yield World(settings, database_url, sandbox, registry, {SLUG: secret})


@pytest.mark.slow
def test_nights_that_meet_every_kind_of_trouble_publish_what_is_right(town: World) -> None:
    assert town.run(SLUG)[0].state == "published"
    clean = _published(town)
    made = {kind: town.sandbox.trouble(SLUG, kind) for kind in TroubleKind}

    assert town.run(SLUG)[0].state == "published"
    now = _published(town)
    assert [kind for kind, trouble in made.items() if not _RIGHT[kind](now, trouble, clean)] == []
    touched = {number for trouble in made.values() for number in trouble.numbers}
    assert _without(clean.students, touched) == _without(now.students, touched)
    assert _without(clean.guardians, touched) == _without(now.guardians, touched)

    # A refresh decides by the same rule as the night.
    for kind in (TroubleKind.YOUNG_GUARDIAN, TroubleKind.SHARED_EMAIL, TroubleKind.PARENT_OF_17):
        refresh_student(town.settings, town.database_url, SLUG, made[kind].numbers[0])
        assert _RIGHT[kind](_published(town), made[kind], clean), kind

    # A day on, with a server that errs wherever it can.
    day = town.sandbox.advance(SLUG)
    _let_the_server_err(town.sandbox)
    assert town.run(SLUG)[0].state == "published"
    faults = town.sandbox.system(SLUG).faults.all()
    assert [fault.kind for fault in faults if fault.count] == [], "not met"
    now = _published(town)
    untouched = {k: t for k, t in made.items() if not _touched(day, t)}
    assert len(untouched) > len(made) - 5
    wrong = [k for k, trouble in untouched.items() if not _RIGHT[k](now, trouble, clean)]
    assert wrong == []

    # A maintenance page in place of the login is no refusal: what is published stays.
    town.sandbox.clear_faults(SLUG)
    town.sandbox.fault(SLUG, "maintenance_redirect", count=None, path="oauth/token")
    (failed,) = town.run(SLUG)
    assert failed.state == "failed"
    assert town.registry.get(SLUG).state is DistrictState.ACTIVE
    assert _published(town).students == now.students

    # A paused night removes whom a new court order keeps away, from the files too.
    town.sandbox.clear_faults(SLUG)
    order = town.sandbox.trouble(SLUG, TroubleKind.ZERO_DATES)
    assert order.guardians[0] in now.seen_by(order)
    today = date.today()
    paused = DistrictSettings(paused=DateRange(today - timedelta(1), today + timedelta(1)))
    town.registry.update(SLUG, who="test", settings=paused)
    assert town.run(SLUG)[0].state == "paused"
    assert order.guardians[0] not in _published(town).seen_by(order)
    delivered = render(town.database_url, SLUG).guardians.decode()
    rows = [
        row
        for row in csv.DictReader(io.StringIO(delivered))
        if row["Student Id"] == order.numbers[0]
    ]
    assert len(rows) == 1
    town.registry.update(SLUG, who="test", settings=replace(paused, paused=None))
    assert town.run(SLUG)[0].state == "published"
    assert _RIGHT[TroubleKind.ZERO_DATES](_published(town), order, clean)


def _let_the_server_err(sandbox: Sandbox) -> None:
    """Faults of the login, of tokens on the way, of single pages and of fields."""
    sandbox.fault(SLUG, "token_bom")
    sandbox.fault(SLUG, "token_life")
    sandbox.fault(SLUG, "basic_only", count=None)
    sandbox.fault(SLUG, "stale_rfc6750", after=3)
    sandbox.fault(SLUG, "stale_rfc6750", after=9)
    sandbox.fault(SLUG, "mistyped", path="Demographics/NameEmail")
    sandbox.fault(SLUG, "maintenance_page", path="Enrollment/School/")
    sandbox.fault(SLUG, "numbered_fields", count=None, path="Demographics/NamePhone")


def _published(town: World) -> Published:
    with connect(town.database_url, row_factory=dict_row) as connection:
        students = connection.execute("select * from students").fetchall()
        guardians = connection.execute("select * from guardians").fetchall()
        sync = connection.execute(
            "select id, findings from syncs where kind = 'night' and state <> 'failed' "
            "order by id desc limit 1"
        ).fetchone()
        assert sync is not None
        rejects = connection.execute(
            "select rule, student_id from rejects where sync_id = %s", (sync["id"],)
        ).fetchall()
    families: dict[str, dict[int, Row]] = {}
    for row in guardians:
        families.setdefault(row["student_id"], {})[row["guardian_id"]] = row
    return Published(
        {row["student_id"]: row for row in students},
        families,
        sync["findings"],
        [(row["rule"], row["student_id"]) for row in rejects],
    )


def _without(rows: dict[str, Any], numbers: set[str]) -> dict[str, Any]:
    return {key: row for key, row in rows.items() if key not in numbers and key[0] != "~"}


def _touched(day: DayChanges, trouble: Trouble) -> bool:
    """Whether the day changed somebody of the trouble besides."""
    students = {*day.left, *day.changed_school, *day.renamed, *day.moved_house}
    pairs = (*day.guardians_removed, *day.restrictions_begun, *day.restrictions_ended)
    students |= {student for student, _ in pairs}
    return bool(students & {*trouble.students}) or bool({*day.phones} & {*trouble.guardians})


def _is(published: Published, number: str, student: int) -> bool:
    return bool(published.students[number]["sis_internal_id"] == student)


def _closed(published: Published, student: int, was: str) -> bool:
    return bool(published.students[f"~{student}"]["closed_student_id"] == was)


def _merged(now: Published, t: Trouble, _: Published) -> bool:
    loser, survivor = t.students
    return _is(now, t.numbers[0], survivor) and _closed(now, loser, t.numbers[0])


def _turned(now: Published, t: Trouble, _: Published) -> bool:
    turned = [t.numbers[-1], *t.numbers]
    return all(_is(now, number, who) for number, who in zip(turned, t.students, strict=False))


def _no_email(now: Published, t: Trouble, _: Published) -> bool:
    shown = [now.guardians[number] for number in t.numbers]
    both = zip(shown, t.guardians, strict=True)
    return all(theirs[who]["email"] is None for theirs, who in both)


#: Kind -> whether what is published is right, given what was before the trouble.
_RIGHT: dict[TroubleKind, Callable[[Published, Trouble, Published], bool]] = {
    TroubleKind.ZERO_DATES: lambda now, t, was: (
        {*was.seen_by(t)} - {*now.seen_by(t)} == {*t.guardians}
    ),
    TroubleKind.SECOND_RECORD: lambda now, t, was: (
        {*now.seen_by(t)} == {*was.seen_by(t)} - {*t.guardians} != set()
        and now.reported("resembles_restricted", t.numbers[0])
    ),
    TroubleKind.VALUE_OF_RESTRICTED: lambda now, t, was: (
        [(who, row["email"]) for who, row in now.seen_by(t).items()] == [(t.guardians[0], None)]
    ),
    TroubleKind.SHARED_EMAIL: _no_email,
    TroubleKind.FILLER_EMAIL: _no_email,
    TroubleKind.YOUNG_GUARDIAN: lambda now, t, was: t.guardians[0] in now.seen_by(t),
    TroubleKind.PEER_GUARDIAN: lambda now, t, was: (
        t.guardians[0] not in now.seen_by(t)
        and now.reported("guardian_minor_student", t.numbers[0])
    ),
    TroubleKind.PARENT_OF_17: lambda now, t, was: t.guardians[0] in now.seen_by(t),
    TroubleKind.MERGE: _merged,
    TroubleKind.MERGE_LOSER_STAYS: _merged,
    TroubleKind.SWAP: _turned,
    TroubleKind.RING: _turned,
    TroubleKind.NEW_RECORD: lambda now, t, was: (
        not _is(now, t.numbers[0], t.students[0]) and _closed(now, t.students[0], t.numbers[0])
    ),
    TroubleKind.BOX_WITHOUT_NUMBER: lambda now, t, was: (
        now.of(t)["address"] == was.of(t)["address"]
        and now.reported("po_box_invalid", t.numbers[0])
    ),
    TroubleKind.OTHER_BOX: lambda now, t, was: now.of(t)["address"] == "RR 2 Box 152",
    TroubleKind.EXIT_CODE_WORDS: lambda now, t, was: (
        now.of(t)["district_enrollment"] == "WITHDREW"
        and now.findings["students"]["exit_codes_not_matched"] == {"Death in the family": 1}
    ),
    TroubleKind.LANGUAGE_WORDS: lambda now, t, was: (
        now.of(t)["home_language"] == was.of(t)["home_language"]
        and now.findings["students"]["languages_not_matched"]["Creole (Cape Verde)"] == 1
    ),
    TroubleKind.OLD_STUDENT: lambda now, t, was: (
        now.of(t)["date_of_birth"] < was.of(t)["date_of_birth"]
    ),
    TroubleKind.OPEN_END: lambda now, t, was: (
        now.of(t)["district_enrollment"] == "ENROLLED"
        and not now.reported("enrollment_date_unreadable", t.numbers[0])
    ),
    TroubleKind.SPOILT_NAME: lambda now, t, was: (
        now.of(t)["last_name"] == "O&#39;Brien" and now.reported("name_spoilt", t.numbers[0])
    ),
    TroubleKind.PHONE_WRITINGS: lambda now, t, was: (
        [now.seen_by(t)[who]["cell_phone"] for who in t.guardians]
        == ["469-555-0123 x4", "876-555-0123"]
    ),
    TroubleKind.SMALL_COUNTRY: lambda now, t, was: now.of(t)["zip"] == "75069-1234",
}
