"""Trouble on demand: every kind finds its students, none gets two, and the docs name them all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox import SandboxDistrict
from samegoal_sync.sandbox.population.trouble_kinds import TROUBLES, TroubleKind
from samegoal_sync.sandbox.server.sandbox import Sandbox

_DAY = date(2026, 11, 25)


def _sandbox(students: int) -> Sandbox:
    return Sandbox([SandboxDistrict("fairview-isd", "Fairview ISD", students, today=_DAY)])


def test_every_kind_befalls_students_of_its_own_and_the_same_ones_again() -> None:
    one, other = _sandbox(320), _sandbox(320)
    made = [one.trouble("fairview-isd", kind) for kind in TroubleKind]
    students = [student for trouble in made for student in trouble.students]
    assert len(students) == len(set(students))
    assert [other.trouble("fairview-isd", kind) for kind in TroubleKind] == made


def test_a_district_too_small_and_a_kind_unknown_are_reported() -> None:
    small = _sandbox(10)
    with pytest.raises(UsageError, match="too few students"):
        small.trouble("fairview-isd", "ring")
    with pytest.raises(UsageError, match="does not know this trouble"):
        small.trouble("fairview-isd", "earthquake")


def test_the_docs_name_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs/sandbox.md").read_text(encoding="utf-8")
    assert set(TROUBLES) == set(TroubleKind)
    assert all(f"| `{kind}` | {text} |" in page for kind, text in TROUBLES.items())
