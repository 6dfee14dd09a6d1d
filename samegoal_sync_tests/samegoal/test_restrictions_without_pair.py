"""A restriction that is still sent while the pair that it names no longer comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.demographics.rejects.reject_rules import RESTRICTION_WITHOUT_PAIR
from samegoal_sync.district import DistrictSettings
from samegoal_sync.refresh.refresh_student import only_student
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.held_nights import approve
from samegoal_sync.samegoal.publication.student_record import published_ids
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.demographics.household import ACCESS
from samegoal_sync_tests.samegoal import test_kept_away as kept_away
from samegoal_sync_tests.samegoal.invented_nights import House
from samegoal_sync_tests.samegoal.invented_nights import district as registered
from samegoal_sync_tests.samegoal.test_kept_away import (
    _GIL,
    _MODES,
    _STUDENT,
    _TODAY,
    _UNA,
    _nothing_of_gils,
    _read,
    _shown,
)

_PAIR = "Family/StudentGuardian"


def _family() -> DistrictBuilder:
    """What is published of Gil is also Una's."""
    home = kept_away._family()
    for row in home.rows["Demographics/NameEmail"]:
        row["Rank"] = 2 if row["EmailAddress"] == "gil@example.org" else 1
    for row in home.rows["Demographics/NamePhone"]:
        row["IsConfidential"] = False
    return home


def _without_pair(home: DistrictBuilder, pair: int = 1) -> DistrictBuilder:
    home.rows[_PAIR] = [row for row in home.rows[_PAIR] if row["StudentGuardianID"] != pair]
    return home


def _restricted(home: DistrictBuilder, **dates: str) -> DistrictBuilder:
    home.add(ACCESS, StudentGuardianID=1, **({"StartDate": "2020-01-01"} | dates))
    return home


def _night(house: House, home: DistrictBuilder, settings: DistrictSettings | None = None) -> None:
    house.publish(*_read(home)[1:], night=_TODAY, settings=settings)


def _of_sibling(house: House) -> list[int]:
    return [p for (p,) in house.rows("select guardian_id from guardians where student_id = 'S1'")]


@pytest.mark.parametrize("mode", _MODES)
def test_whom_it_names_goes_at_once(house: House, mode: str) -> None:
    _night(house, _family())
    _night(house, _without_pair(_restricted(_family())), _MODES[mode])
    _nothing_of_gils(house)
    assert [person for person, *_ in _shown(house)] == [_UNA]
    assert sorted(_of_sibling(house)) == [_GIL, _UNA]


@pytest.mark.parametrize("key", ["StudentID", "NameIDGuardian"])
@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("mode", _MODES)
def test_whom_it_names_goes_also_where_the_pair_came_without_one_of_them(
    house: House, mode: str, flag: bool, key: str
) -> None:
    _night(house, _family())
    home = _family() if flag else _restricted(_family())
    home.change(_PAIR, 1, **{key: None, "HasActiveRestrictedAccess": flag or None})
    _night(house, home, _MODES[mode])
    _nothing_of_gils(house)
    assert [person for person, *_ in _shown(house)] == [_UNA]


@pytest.mark.parametrize("mode", _MODES)
def test_they_and_their_address_stay_away_in_the_nights_after(house: House, mode: str) -> None:
    _night(house, _family())
    for _ in range(3):
        _night(house, _without_pair(_restricted(_family())), _MODES[mode])
        _night(house, _without_pair(_restricted(_family())))
        _nothing_of_gils(house)


def test_who_was_kept_away_before_the_pair_went_stays_away(house: House) -> None:
    _night(house, _restricted(_family()))
    _night(house, _without_pair(_restricted(_family())))
    _nothing_of_gils(house)


@pytest.mark.parametrize("known_before", [True, False])
def test_what_was_known_of_their_contacts_outlasts_a_night_that_did_not_share_them(
    house: House, known_before: bool
) -> None:
    _night(house, _family())
    if known_before:
        _night(house, _restricted(_family()))
    unshared = _restricted(_family())
    for contacts in ("Demographics/NameEmail", "Demographics/NamePhone"):
        unshared.not_shared(contacts)
    _night(house, unshared)
    _nothing_of_gils(house)
    for _ in range(2):
        _night(house, _without_pair(_restricted(_family())))
        _nothing_of_gils(house)


def test_a_pair_entered_anew_does_not_let_them_in_while_the_restriction_is_sent(
    house: House,
) -> None:
    _night(house, _family())
    again = _without_pair(_restricted(_family()))
    again.guardian(_STUDENT, _GIL, StudentGuardianID=99)
    for _ in range(2):
        _night(house, again)
        _nothing_of_gils(house)
    # It ends, and they are back.
    over = _without_pair(_restricted(_family(), EndDate="2021-01-01"))
    over.guardian(_STUDENT, _GIL, StudentGuardianID=99)
    _night(house, over)
    assert sorted(person for person, *_ in _shown(house)) == [_GIL, _UNA]
    _night(house, _without_pair(over, pair=99))
    assert [(p, email) for p, email, _ in _shown(house)] == [(_UNA, "home@example.org")]


def test_a_refresh_reads_restrictions_by_the_ids_of_what_is_published(house: House) -> None:
    _night(house, _family())
    paused = _MODES["paused"]
    assert published_ids(house.database_url, house.district.slug, "S0") == (_STUDENT, [1, 2])
    raw, *both = _read(_without_pair(_restricted(_family())))
    only = only_student(raw, *both, pl.col("StudentID") == _STUDENT)
    house.publish(*only, coverage=Coverage.THESE_STUDENTS, night=_TODAY, settings=paused)
    _nothing_of_gils(house)
    assert 1 in published_ids(house.database_url, house.district.slug, "S0")[1]


def test_another_students_restriction_is_left_alone_by_a_refresh(house: House) -> None:
    _night(house, _family())
    raw, *both = _read(_without_pair(_restricted(_family())))
    only = only_student(raw, *both, pl.col("StudentID") == _STUDENT + 1)
    house.publish(*only, coverage=Coverage.THESE_STUDENTS, night=_TODAY)
    assert sorted(person for person, *_ in _shown(house)) == [_GIL, _UNA]


def test_an_older_read_or_a_night_approved_later_does_not_bring_them_back(house: House) -> None:
    older = _read(_family())
    _night(house, _family())
    _night(house, _without_pair(_restricted(_family())), _MODES["held"])
    house.publish(*older[1:], night=_TODAY, run_id="late")
    _nothing_of_gils(house)
    approve(house.database_url, house.district.slug, "admin")
    _nothing_of_gils(house)


def test_where_the_restricted_are_published_the_pair_goes_as_any_that_is_not_sent(
    house: House,
) -> None:
    shown = DistrictSettings(publish_restricted=True)
    house.publish(*_both(_family(), shown), night=_TODAY, settings=shown)
    home = _without_pair(_restricted(_family()))
    house.publish(*_both(home, shown), night=_TODAY, settings=shown)
    assert [(p, email) for p, email, _ in _shown(house)] == [(_UNA, "home@example.org")]


def _both(home: DistrictBuilder, settings: DistrictSettings) -> tuple[Curated, Curated]:
    sent = home.raw()
    raw = replace(sent, moments=dict.fromkeys(sent.frames, datetime.now(UTC)))
    return curate(raw, registered(settings), _TODAY)


def test_those_that_name_nobody_published_are_one_notice_with_their_number(house: House) -> None:
    _night(house, _family())
    home = _without_pair(_restricted(_family()))
    for pair in range(900, 930):
        home.add(ACCESS, StudentGuardianID=pair, StartDate="2020-01-01")
    _night(house, home)
    rule = "select count(*) from rejects where rule = %s and sync_id = (select max(id) from syncs)"
    found = "select findings -> 'guardians' -> %s from syncs order by id desc limit 1"
    assert house.value(rule, RESTRICTION_WITHOUT_PAIR) == 1
    assert house.value(found, RESTRICTION_WITHOUT_PAIR) == 30
    _night(house, _without_pair(_restricted(_family())))
    assert house.value(rule, RESTRICTION_WITHOUT_PAIR) == 0
