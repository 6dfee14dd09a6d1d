"""Whose refresh comes next, and how many may wait."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from samegoal_sync.database import connect
from samegoal_sync.refresh.refresh_queue import (
    A_DISTRICT,
    A_PERSON,
    AT_ONCE,
    STATE,
    RefreshesFull,
    ask,
    end,
    take_next,
)

#: More districts than refreshes may run at once.
SLUGS = tuple(f"d{number}" for number in range(AT_ONCE + 1))


@pytest.fixture
def students(database_url: str) -> dict[str, list[UUID]]:
    """Ten students in each district."""
    with connect(database_url) as connection:
        for slug in SLUGS:
            connection.execute(
                "insert into districts (slug, name, state, base_url, client_key) "
                "values (%s, %s, 'active', %s, 'KEY')",
                (slug, slug, f"https://{slug}.example/API"),
            )
            connection.execute(
                "insert into students (district, student_id, last_name, first_name, "
                "date_of_birth, district_enrollment) select %s, n::text, 'A', 'B', '2014-05-06', "
                "'ENROLLED' from generate_series(1, 30) n",
                (slug,),
            )
        found: dict[str, list[UUID]] = {slug: [] for slug in SLUGS}
        for slug, portal_id in connection.execute("select district, portal_id from students"):
            found[slug].append(portal_id)
    return found


def _state(database_url: str, student: UUID) -> Any:
    with connect(database_url) as connection:
        return connection.execute(STATE, (student,)).fetchone()


def _age(database_url: str, column: str, seconds: int) -> None:
    with connect(database_url) as connection:
        connection.execute(
            f"update refreshes set {column} = {column} - make_interval(secs => {seconds})".encode()
        )


def test_one_at_a_time_in_a_district_and_few_in_all(
    database_url: str, students: dict[str, list[UUID]]
) -> None:
    for slug in SLUGS:
        for number, who in enumerate(("ann", "bob")):
            ask(database_url, slug, students[slug][number], f"{who}-{slug}")
    began = [one for _ in range(20) if (one := take_next(database_url))]
    assert [one.district for one in began] == list(SLUGS[:AT_ONCE])


def test_the_district_and_the_person_served_longest_ago_come_first(
    database_url: str, students: dict[str, list[UUID]]
) -> None:
    for number in range(3):
        ask(database_url, SLUGS[0], students[SLUGS[0]][number], "ann")
    ask(database_url, SLUGS[0], students[SLUGS[0]][3], "bob")
    ask(database_url, SLUGS[1], students[SLUGS[1]][0], "cy")
    order = []
    while (one := take_next(database_url)) is not None:
        with connect(database_url) as connection:
            row = connection.execute("select who from refreshes where id = %s", (one.id,))
            order.append(row.fetchone())
        end(database_url, one.id, None)
    assert order == [("ann",), ("cy",), ("bob",), ("ann",), ("ann",)]


def test_a_person_and_a_district_have_so_many_open_and_no_more(
    database_url: str, students: dict[str, list[UUID]]
) -> None:
    for number in range(A_PERSON):
        ask(database_url, SLUGS[0], students[SLUGS[0]][number], "ann")
    ask(database_url, SLUGS[0], students[SLUGS[0]][0], "ann")  # is open: one read serves both
    with pytest.raises(RefreshesFull, match="3 refreshes of yours"):
        ask(database_url, SLUGS[0], students[SLUGS[0]][A_PERSON], "ann")
    for number in range(A_PERSON, A_DISTRICT):
        ask(database_url, SLUGS[0], students[SLUGS[0]][number], f"person {number}")
    with pytest.raises(RefreshesFull, match="20 refreshes of your district"):
        ask(database_url, SLUGS[0], students[SLUGS[0]][A_DISTRICT], "zoe")
    ask(database_url, SLUGS[1], students[SLUGS[1]][0], "zoe")


def test_what_waited_too_long_or_whose_process_died_is_out_of_the_way(
    database_url: str, students: dict[str, list[UUID]]
) -> None:
    one, two = students[SLUGS[0]][:2]
    ask(database_url, SLUGS[0], one, "ann")
    ask(database_url, SLUGS[0], two, "ann")
    assert take_next(database_url)
    assert take_next(database_url) is None
    _age(database_url, "began_at", 61)
    assert not _state(database_url, one)[0]
    assert take_next(database_url) is not None
    _age(database_url, "began_at", 61)
    ask(database_url, SLUGS[0], students[SLUGS[0]][2], "ann")
    _age(database_url, "asked_at", 61)
    assert take_next(database_url) is None  # nobody waits for it any more
    ask(database_url, SLUGS[0], one, "ann")
    assert _state(database_url, one)[0]
    assert take_next(database_url) is not None


def test_a_failure_is_reported_in_its_own_words(
    database_url: str, students: dict[str, list[UUID]]
) -> None:
    student = students[SLUGS[0]][0]
    ask(database_url, SLUGS[0], student, "ann")
    begun = take_next(database_url)
    assert begun
    end(database_url, begun.id, ("It failed", "do this", "district"))
    assert _state(database_url, student)[3:] == ("It failed", "do this", "district")
