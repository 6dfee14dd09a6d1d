"""A wrong guardian is a disclosure: removal waits for nothing, and no older read undoes it."""

from __future__ import annotations

import pytest

from samegoal_sync.demographics.columns.curated_frames import (
    KEEP,
    KEEP_HOW_LEFT,
    LEFT_STATUSES,
)
from samegoal_sync.demographics.guardians.restrictions.mail_hosts import SAME_MAILBOX
from samegoal_sync.district import DateRange, DistrictSettings
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_PAUSED = DistrictSettings(paused=DateRange(NIGHT, NIGHT))
_RESTRICTED = [("S000001", 500001, "withheld", "restricted")]


def test_a_restriction_removes_even_while_the_district_is_paused(house: House) -> None:
    _publish_one(house)
    night = house.publish(
        curated_students([student(1, grade="08")]),
        curated_guardians([guardian(2, of=1, priority=2, email=None)], others=_RESTRICTED),
        settings=_PAUSED,
    )
    assert night.state == "paused"
    assert night.counts["guardians_removed"] == 1
    assert house.rows("select guardian_id, email from guardians") == [
        (500002, "parent2@example.org")
    ]
    assert house.rows("select grade from students") == [("07",)]
    message = house.value("select message from syncs order by id desc limit 1")
    assert "1 guardian who may not see the student was removed" in message


@pytest.mark.parametrize("outcome", ["rejected", "out_of_scope"])
def test_a_restriction_removes_also_where_the_student_is_not_published(
    house: House, outcome: str
) -> None:
    _publish_one(house)
    house.publish(
        curated_students([], others=[(10_001, "S000001", outcome, "reason")]),
        curated_guardians([], others=_RESTRICTED),
    )
    assert house.rows("select guardian_id from guardians") == [(500002,)]


def test_a_restriction_removes_also_where_the_students_new_number_is_taken(house: House) -> None:
    house.publish(
        curated_students([student(1), student(2)]),
        curated_guardians([guardian(1, of=1), guardian(1, of=2)]),
    )
    # A refresh of one student closes nobody's record.
    night = house.publish(
        curated_students([student(1, student_id="S000002")]),
        curated_guardians([], others=[("S000002", 500001, "withheld", "restricted")]),
        coverage=Coverage.THESE_STUDENTS,
    )
    assert night.counts["students_rejected"] == 1
    assert house.rows("select student_id from guardians") == [("S000002",)]


def test_a_held_contact_of_a_removed_guardian_goes_with_them_even_while_paused(
    house: House,
) -> None:
    shared = {"email": "Home+x@example.org", "home_phone": "214-555-0001 x4"}
    house.publish(
        curated_students([student(1)]),
        curated_guardians(
            [
                guardian(1, of=1, email="home@example.org", cell_phone="214-555-0001"),
                guardian(2, of=1, priority=2, **shared),
            ]
        ),
    )
    night = house.publish(
        curated_students([student(1)]),
        curated_guardians([guardian(2, of=1, priority=2, **shared)], others=_RESTRICTED),
        settings=_PAUSED,
    )
    assert (night.counts["guardians_removed"], night.counts["changes"]) == (1, 3)
    contacts = "select guardian_id, email, home_phone, cell_phone from guardians"
    assert house.rows(contacts) == [(500002, None, None, "214-555-0002")]
    changes = house.rows("select field, old from changes where kind = 'changed' order by field")
    assert changes == [("email", "Home+x@example.org"), ("home_phone", "214-555-0001 x4")]


def test_a_contact_that_is_not_theirs_goes_though_its_column_is_not_shared(house: House) -> None:
    rows = [guardian(1, of=1, email="home@example.org"),
            guardian(2, of=1, priority=2, email="home@example.org")]  # fmt: skip
    house.publish(curated_students([student(1)]), curated_guardians(rows))
    house.publish(
        curated_students([student(1)]),
        curated_guardians(rows[1:], others=_RESTRICTED, absent=["email"]),
    )
    assert house.rows("select guardian_id, email from guardians") == [(500002, None)]


@pytest.mark.parametrize("other", sorted(SAME_MAILBOX))
def test_a_contact_that_is_theirs_by_another_name_of_the_host_goes_too(
    house: House, other: str
) -> None:
    rows = [guardian(1, of=1, email=f"Gil.Vale@{SAME_MAILBOX[other]}"),
            guardian(2, of=1, priority=2, email=f"gilvale+kids@{other}")]  # fmt: skip
    house.publish(curated_students([student(1)]), curated_guardians(rows))
    house.publish(
        curated_students([student(1)]),
        curated_guardians(rows[1:], others=_RESTRICTED, absent=["email"]),
    )
    assert house.rows("select guardian_id, email from guardians") == [(500002, None)]


@pytest.mark.parametrize("paused", [True, False])
def test_a_denied_contact_goes_from_what_is_published(house: House, paused: bool) -> None:
    _publish_one(house)
    rows = curated_guardians(
        [guardian(1, of=1), guardian(2, of=1, priority=2, email=None)],
        denied=[("S000001", 500002, "email")],
    )
    house.publish(curated_students([student(1)]), rows, settings=_PAUSED if paused else None)
    emails = house.rows("select guardian_id, email from guardians order by 1")
    assert emails == [(500001, "parent1@example.org"), (500002, None)]
    again = house.publish(curated_students([student(1)]), rows)
    assert again.counts["changes"] == 0


@pytest.mark.parametrize(
    ("before", "tonight", "after"),
    [
        ("TRANSFERRED", "WITHDREW", "TRANSFERRED"),
        ("GRADUATED", "INACTIVE", "GRADUATED"),
        ("TRANSFERRED", "ENROLLED", "TRANSFERRED"),
        ("ENROLLED", "ENROLLED", "ENROLLED"),
        ("ENROLLED", "INACTIVE", "INACTIVE"),
        ("PRE_ENROLLED", "WITHDREW", "WITHDREW"),
    ],
)
def test_without_withdrawal_codes_it_stays_published_how_a_student_left(
    house: House, before: str, tonight: str, after: str
) -> None:
    house.publish(
        curated_students([student(1, district_enrollment=before, enrollment_reason="before")])
    )
    values = {"enrollment_reason": "tonight", KEEP: [KEEP_HOW_LEFT]}
    house.publish(curated_students([student(1, district_enrollment=tonight, **values)]))
    ((status, reason),) = house.rows("select district_enrollment, enrollment_reason from students")
    assert status == after
    assert reason == ("before" if before in LEFT_STATUSES else "tonight")


def test_two_students_rejected_for_one_number_keep_what_is_published(house: House) -> None:
    _publish_one(house)
    before = house.published()
    twice = [(10_001, "S000001", "rejected", "student_id_twice"),
             (10_009, "S000001", "rejected", "student_id_twice")]  # fmt: skip
    others = [("S000001", g, "out_of_scope", "student_rejected") for g in (500001, 500002, 500003)]
    night = house.publish(curated_students([], others=twice), curated_guardians([], others=others))
    assert night.counts["students_rejected"] == 2
    assert house.published() == before


def test_a_pair_without_a_key_is_counted_and_touches_nobody(house: House) -> None:
    _publish_one(house)
    before = house.published()
    night = house.publish(
        curated_students([student(1)]),
        curated_guardians(
            [guardian(1, of=1), guardian(2, of=1, priority=2)],
            others=[
                ("S000001", None, "rejected", "guardian_key_blank"),
                (None, 500001, "rejected", "guardian_key_blank"),
            ],
        ),
    )
    assert (night.counts["guardians_sent"], night.counts["guardians_rejected"]) == (4, 2)
    assert house.published() == before


def _publish_one(house: House) -> None:
    house.publish(
        curated_students([student(1)]),
        curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2)]),
    )
