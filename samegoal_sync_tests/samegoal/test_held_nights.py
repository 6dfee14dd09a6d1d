"""A held night shows who and what, and waits for a person."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.district import DateRange, DistrictSettings
from samegoal_sync.samegoal.errors import HeldNightDamaged, NothingHeld, OtherNightHeld
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.held_night_storage import pack, unpack
from samegoal_sync.samegoal.publication.held_nights import approve, discard, held
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SLUG = "fairview-isd"
_EVERYBODY = range(100)


def _night(**values: object) -> Curated:
    return curated_students([student(n, **values) for n in _EVERYBODY])


def _guardians(*, without: int = 0) -> Curated:
    return curated_guardians([guardian(n, of=n) for n in range(without, 100)])


@pytest.fixture
def held_house(house: House) -> House:
    """A night of which everybody's last name changed."""
    house.publish(_night(), _guardians())
    assert house.publish(_night(last_name="Wrong"), _guardians()).state == "held"
    return house


def test_a_held_night_shows_exactly_who_and_what(held_house: House) -> None:
    night = held(held_house.database_url, _SLUG)
    assert night is not None
    assert night.night == NIGHT
    assert [reason.guard for reason in night.reasons] == ["identities_changed"]
    assert night.difference.changes.height == 100
    assert night.difference.changes.row(0) == (
        "S000000",
        None,
        "changed",
        "last_name",
        "Last0",
        "Wrong",
        "S000000",
    )
    assert night.difference.counts["students_changed"] == 100


def test_a_held_night_is_recorded_with_its_sums(held_house: House) -> None:
    ((state, counts, message, hint, actor),) = held_house.rows(
        "select state, counts, message, hint, actor from syncs order by id desc limit 1"
    )
    assert state == "held"
    assert (counts["students_sent"], counts["students_held"]) == (100, 100)
    assert "100 of 100 students would change name" in message
    assert "samegoal-sync approve fairview-isd" in hint
    assert actor == "district"


def test_approve_publishes_that_very_night(held_house: House) -> None:
    publication = approve(held_house.database_url, _SLUG, "Dana")
    assert publication.state == "published"
    assert publication.counts["students_changed"] == 100
    assert held_house.value("select count(*) from students where last_name = 'Wrong'") == 100
    assert held(held_house.database_url, _SLUG) is None
    assert held_house.rows("select kind, state, message from syncs order by id desc limit 1") == [
        ("approved", "published", "approved by Dana")
    ]


def test_discard_drops_it_and_keeps_what_is_published(held_house: House) -> None:
    before = held_house.published()
    discard(held_house.database_url, _SLUG, "Dana")
    assert held_house.published() == before
    assert held(held_house.database_url, _SLUG) is None
    assert held_house.rows("select state, message from syncs order by id desc limit 1") == [
        ("discarded", "discarded by Dana")
    ]


def test_deciding_nothing_is_refused(house: House) -> None:
    with pytest.raises(NothingHeld):
        approve(house.database_url, _SLUG, "Dana")
    with pytest.raises(NothingHeld):
        discard(house.database_url, _SLUG, "Dana")
    assert held(house.database_url, _SLUG) is None


def test_a_decision_is_about_the_night_that_was_seen(held_house: House) -> None:
    seen = held(held_house.database_url, _SLUG)
    assert seen is not None
    held_house.publish(_night(last_name="Still"), _guardians(), night=NIGHT + timedelta(days=1))
    for decide in (approve, discard):
        with pytest.raises(OtherNightHeld, match="by now the night of 2026-11-25"):
            decide(held_house.database_url, _SLUG, "Dana", sync_id=seen.sync_id)
    assert held(held_house.database_url, _SLUG) is not None


def test_a_newer_held_night_takes_the_place_of_the_older(held_house: House) -> None:
    later = NIGHT + timedelta(days=1)
    held_house.publish(_night(last_name="Still"), _guardians(), night=later)
    night = held(held_house.database_url, _SLUG)
    assert night is not None
    assert night.night == later
    assert held_house.rows("select state, message from syncs order by id offset 1 limit 1") == [
        ("discarded", "superseded by the night of 2026-11-25")
    ]


def test_a_clean_night_clears_the_held_one(held_house: House) -> None:
    assert held_house.publish(_night(), _guardians(), night=date(2026, 11, 25)).state == (
        "unchanged"
    )
    assert held(held_house.database_url, _SLUG) is None


def test_a_student_refreshed_meanwhile_keeps_the_newer_data(held_house: House) -> None:
    held_house.publish(
        curated_students([student(5, grade="12")]),
        curated_guardians([], others=[("S000005", 500005, "withheld", "restricted")]),
        coverage=Coverage.THESE_STUDENTS,
    )
    publication = approve(held_house.database_url, _SLUG, "Dana")
    assert publication.counts["students_changed"] == 99
    assert held_house.rows(
        "select last_name, grade, missing_since from students where student_id = 'S000005'"
    ) == [("Last5", "12", None)]
    assert held_house.value("select count(*) from guardians where student_id = 'S000005'") == 0


def test_a_restriction_removes_even_while_its_night_is_held(house: House) -> None:
    house.publish(_night(), _guardians())
    night = house.publish(_night(last_name="Wrong"), _restricted(1))
    assert night.state == "held"
    assert night.findings.restrictions_applied == 1
    assert night.counts["guardians_removed"] == night.counts["changes"] == 1
    assert house.value("select count(*) from guardians") == 99
    assert house.value("select count(*) from students where last_name = 'Wrong'") == 0
    assert house.rows(
        "select student_id, guardian_id, kind, field from changes where sync_id = %s", night.sync_id
    ) == [("S000000", 500000, "removed", "withheld")]


def test_restrictions_beyond_a_guard_remove_all_the_same_and_hold_the_rest(house: House) -> None:
    house.publish(_night(), _guardians())
    night = house.publish(_night(last_name="Wrong"), _restricted(40))
    assert night.state == "held"
    assert {reason.guard for reason in night.reasons} >= {"guardians_removed"}
    assert night.findings.restrictions_applied == 40
    assert house.value("select count(*) from guardians") == 60
    assert house.value("select count(*) from students where last_name = 'Wrong'") == 0
    back = house.publish(_night(), _guardians(), night=NIGHT + timedelta(days=1))
    assert (back.state, house.value("select count(*) from guardians")) == ("published", 100)


def test_approving_an_older_night_brings_back_nobody_restricted_since(house: House) -> None:
    house.publish(_night(), _guardians())
    changed = curated_guardians([guardian(n, of=n, pickup=False) for n in _EVERYBODY])
    house.publish(_night(last_name="Right"), changed)
    later = NIGHT + timedelta(days=1)
    paused = DistrictSettings(paused=DateRange(later, later))
    night = house.publish(_night(), _restricted(1), night=later, settings=paused)
    assert (night.state, night.findings.restrictions_applied) == ("paused", 1)
    approved = approve(house.database_url, _SLUG, "Dana")
    assert approved.counts["students_changed"] == 100
    assert approved.counts["guardians_withheld"] == 1
    assert house.value("select count(*) from guardians where not pickup") == 99
    assert house.value("select count(*) from guardians where guardian_id = 500000") == 0


def _restricted(count: int) -> Curated:
    """Everybody's guardians, of whom the first few may no longer see their student."""
    return curated_guardians(
        [guardian(n, of=n) for n in range(count, 100)],
        others=[(f"S{n:06}", 500_000 + n, "withheld", "restricted") for n in range(count)],
    )


def test_a_night_held_before_a_column_was_added_is_approved_as_not_sharing_it(house: House) -> None:
    house.publish(_night(country="MX"), _guardians())
    assert house.publish(_night(last_name="Wrong"), _guardians()).state == "held"
    _hold_without(house, "students", "country")
    night = held(house.database_url, _SLUG)
    assert night is not None
    assert set(night.difference.changes.get_column("field")) == {"last_name"}
    assert approve(house.database_url, _SLUG, "Dana").state == "published"
    assert house.rows("select distinct last_name, country from students") == [("Wrong", "MX")]


def _hold_without(house: House, part: str, column: str) -> None:
    """The held night as the version packed it that did not know the column yet."""
    packed = unpack(house.value(f"select {part} from held_nights"))
    older = replace(packed, frame=packed.frame.drop(column))
    with connect(house.database_url) as connection:
        connection.execute(f"update held_nights set {part} = %s".encode(), (pack(older),))


@pytest.mark.parametrize("damage", ["a bomb", "a flipped byte"])
def test_a_held_night_that_is_damaged_is_reported_and_the_next_takes_its_place(
    held_house: House, damage: str
) -> None:
    house = held_house
    _spoil(house, damage)
    for decide in (
        lambda: held(house.database_url, _SLUG),
        lambda: approve(house.database_url, _SLUG, "Dana"),
    ):
        with pytest.raises(HeldNightDamaged):
            decide()
    assert house.publish(_night(), _guardians()).state == "unchanged"
    assert held(house.database_url, _SLUG) is None


@pytest.mark.parametrize("damage", ["a bomb", "a flipped byte"])
def test_a_held_night_that_is_damaged_is_discarded_like_any_other(
    held_house: House, damage: str
) -> None:
    house = held_house
    _spoil(house, damage)
    seen = house.value("select sync_id from held_nights")
    with pytest.raises(OtherNightHeld):
        discard(house.database_url, _SLUG, "Dana", sync_id=seen + 1)
    discard(house.database_url, _SLUG, "Dana", sync_id=seen)
    assert held(house.database_url, _SLUG) is None
    assert house.value(f"select state || ', ' || message from syncs where id = {seen}") == (
        "discarded, discarded by Dana"
    )
    assert house.value("select count(*) from students where last_name = 'Wrong'") == 0


def _spoil(house: House, damage: str) -> None:
    packed = bytearray(house.value("select students from held_nights"))
    if damage == "a bomb":
        packed = bytearray(_bomb(bytes(packed)))
        assert len(packed) < 200_000
    else:
        packed[len(packed) // 2] ^= 0xFF
    with connect(house.database_url) as connection:
        connection.execute("update held_nights set students = %s", (bytes(packed),))


def _bomb(packed: bytes) -> bytes:
    """The same night with 100 MB of blanks in its notes, in some kilobytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as night, zipfile.ZipFile(target, "w") as made:
        for name in night.namelist():
            more = b" " * 100_000_000 if name == "about.json" else b""
            made.writestr(name, night.read(name) + more, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def test_a_packed_night_is_the_same_night() -> None:
    before = Curated(
        **vars(_guardians()) | {"absent": frozenset({"email"}), "complete": False,
                                "findings": {"phones_confidential": 3}}
    )  # fmt: skip
    after = unpack(pack(before))
    assert after.frame.equals(before.frame)
    assert after.account.equals(before.account)
    assert (after.absent, after.complete, after.findings) == (
        before.absent,
        before.complete,
        before.findings,
    )
