"""A refresh of one student reads a part of the rows, and comes to what the night comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.district import DistrictSettings
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.qmlativ.reading.one_student import is_asked_for, read_one_student
from samegoal_sync.refresh.refresh_student import only_student
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.demographics.household import ACCESS
from samegoal_sync_tests.samegoal.invented_nights import district as registered

_TODAY = date(2026, 11, 25)
_MAILS = ("a@example.org", "home@gmail.com", "home@gmial.com", "none@none.com", "Office@x1.org",
          "office@x1.org ", "gil.valegmail.com", "", " ")  # fmt: skip
_PHONES = ("214-555-0101", "555-0101", "1 214 555 0101", "469-555-0111")
_BORN = ("2010-01-01", "2009-06-01", "2023-05-01", "2007-01-01", None, "1900-01-01")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4))
@example(98, 3)
@example(141, 2)
@example(143, 3)
def test_a_refresh_comes_to_what_the_night_comes_to(seed: int, limit: int) -> None:
    families, students = _families(Random(seed))
    _as_at_night(families, students, limit)


def test_guardians_tied_by_another_child_share_an_address_for_a_refresh_too() -> None:
    families = DistrictBuilder()
    first, second = (families.student(f"S{number}") for number in range(2))
    mother, aunt = families.guardian(first), families.guardian(second)
    families.guardian(second, mother)
    for person in (mother, aunt):
        families.email(person, "home@example.org")
    ((refreshed, _), *_) = _as_at_night(families, [first, second], 2)
    assert refreshed.frame.get_column("email").to_list() == ["home@example.org"]


def _as_at_night(
    families: DistrictBuilder, students: Sequence[int], limit: int
) -> list[tuple[Curated, Curated]]:
    """Guardians and students of each student's refresh, after a look that they are the night's."""
    frames, now = families.raw().frames, datetime.now(UTC)
    district = registered(DistrictSettings(shared_email_limit=limit))

    def read(asked: Any) -> RawObjects:
        # Without conditions, as a server that does not heed them.
        names = [name for name, _ in asked]
        return RawObjects({name: frames[name] for name in names}, moments=dict.fromkeys(names, now))

    whole = RawObjects(frames, moments=dict.fromkeys(frames, now))
    night, found = curate(whole, district, _TODAY), []
    for number, student in enumerate(students):
        asked = is_asked_for(f"S{number}", student)
        part = read_one_student(read, f"S{number}", student)
        refreshed = only_student(part, *curate(part, district, _TODAY), asked)
        assert list(map(_told, refreshed)) == list(map(_told, only_student(whole, *night, asked)))
        found.append((refreshed[1], refreshed[0]))
    return found


def _told(curated: Curated) -> list[list[tuple[Any, ...]]]:
    # That two are like each other, who knows one of them can't say.
    rejects = curated.rejects.filter(pl.col("rule") != "possible_duplicate")
    parts = (curated.frame, curated.account, curated.denied, curated.kept_away, rejects)
    return [sorted(part.rows(), key=repr) for part in parts]


def _families(draw: Random) -> tuple[DistrictBuilder, list[int]]:
    families = DistrictBuilder()
    students = [
        families.student(
            f"S{number}", enrolled=draw.random() < 0.85, FirstName=f"Kid{number}",
            BirthDate=draw.choice(_BORN),
        )
        for number in range(draw.randint(2, 6))
    ]  # fmt: skip
    people = [_person(families, draw) for _ in range(draw.randint(2, 7))]
    people += [families.name_of(student) for student in students if draw.random() < 0.4]
    for person in people:
        _reached(families, draw, person)
    for student in students:
        homes = [
            families.family(student, draw.choice([1, 1, 2, None]), draw.choice([1, 2, 3, None]))
            for _ in range(draw.randint(0, 2))
        ]
        for person in draw.sample(people, min(len(people), draw.randint(0, 4))):
            families.guardian(
                student, person, family=draw.choice([*homes, None]),
                family_rank=draw.choice([1, 2, None]), Rank=draw.choice([None, 1, 2]),
                HasActiveRestrictedAccess=draw.choice([False, False, None, True]),
            )  # fmt: skip
    for pair in families.rows["Family/StudentGuardian"]:
        if draw.random() < 0.25:
            families.add(
                ACCESS, StudentGuardianID=pair["StudentGuardianID"],
                StartDate=draw.choice(["2020-01-01", None, "2027-01-01"]),
                EndDate=draw.choice([None, "2021-01-01", "1900-01-01"]),
            )  # fmt: skip
    return families, students


def _person(families: DistrictBuilder, draw: Random) -> int:
    return families.person(
        FirstName=draw.choice(["Gil", "Una", "Omar", None, "Gilbert"]),
        LastName=draw.choice(["Vale", "Reed", "Vale-Marsh"]),
        BirthDate=draw.choice(["1979-09-09", "1981-02-03", None, "1970-01-01", "2009-06-01"]),
    )


def _reached(families: DistrictBuilder, draw: Random, person: int) -> None:
    for _ in range(draw.randint(0, 2)):
        families.email(person, draw.choice(_MAILS), rank=draw.choice([1, 2, None]))
    for _ in range(draw.randint(0, 2)):
        families.phone(
            person, draw.choice(_PHONES), kind=draw.choice([1, 2, 3, 4]),
            IsConfidential=draw.choice([True, False, None]),
        )  # fmt: skip
