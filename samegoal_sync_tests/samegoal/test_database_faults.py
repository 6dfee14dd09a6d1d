"""Any fault leaves the old night whole or the new night whole; two at once never mix."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from samegoal_sync.samegoal.errors import DatabaseFault, TransientDatabaseFault
from samegoal_sync.samegoal.publication.held_nights import approve
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    STARTED,
    House,
    connection_of,
    curated_guardians,
    curated_students,
    guardian,
    student,
)
from samegoal_sync_tests.samegoal.killed_night import new_night, old_night


def _killed_before(house: House, statement: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "samegoal_sync_tests.samegoal.killed_night",
            house.database_url,
            str(statement),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
def test_a_night_killed_at_any_step_leaves_the_old_one_whole(house: House) -> None:
    house.publish(*old_night())
    before = house.published(), house.rows("select * from changes order by id")
    statements, step = 1, 1
    while True:
        end = _killed_before(house, statements)
        if end.returncode == 0:
            break
        assert end.returncode == -signal.SIGKILL, end.stderr
        assert (house.published(), house.rows("select * from changes order by id")) == before
        assert house.value("select count(*) from syncs") == 1
        step = 3 if statements < 20 else 4
        statements += step
    assert int(end.stdout) >= 30, "the night no longer has the steps this test was made for"
    assert house.value("select count(*) from syncs") == 2
    assert house.publish(*new_night()).state == "unchanged"


def test_a_connection_that_the_server_ends_is_transient_and_changes_nothing(
    house: House,
) -> None:
    house.publish(*old_night())
    before = house.published()
    with connection_of(house.database_url) as blocker, blocker.transaction():
        blocker.execute("select from students for update")
        failure: list[BaseException] = []

        def night() -> None:
            try:
                house.publish(*new_night())
            except TransientDatabaseFault as error:
                failure.append(error)

        worker = threading.Thread(target=night)
        worker.start()
        _end_who_waits(house)
        worker.join(timeout=30)
    assert [error.transient for error in failure] == [True]  # type: ignore[attr-defined]
    assert house.published() == before


def _end_who_waits(house: House) -> None:
    """End the backend that waits for a row, as an administrator or a restart would."""
    for _ in range(200):
        with connection_of(house.database_url) as admin:
            ended = admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and wait_event_type = 'Lock'"
            ).fetchall()
        if ended:
            return
        time.sleep(0.05)
    raise AssertionError("nobody waited for the row")


def _whole(night: int) -> tuple[Any, Any]:
    """A night by whose number every row is marked."""
    return (
        curated_students([student(n, city=f"Night {night}") for n in range(60)]),
        curated_guardians([guardian(n, of=n, city=f"Night {night}") for n in range(60)]),
    )


def test_publications_of_one_district_at_once_never_mix(house: House) -> None:
    house.publish(*_whole(0))
    seen: list[tuple[Any, ...]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.extend(
                house.rows(
                    "select count(distinct city) from (select city from students "
                    "union all select city from guardians) x"
                )
            )

    one_moment = datetime.now(UTC)  # of reads of different moments, the later ones would stay

    def night(number: int) -> None:
        publish(
            house.database_url,
            house.district,
            *(replace(part, read_at=one_moment) for part in _whole(number)),
            run_id=f"at-once-{number}",
            night=NIGHT,
            started_at=STARTED,
        )

    reader = threading.Thread(target=look)
    nights = [threading.Thread(target=night, args=(n,)) for n in range(1, 7)]
    reader.start()
    for one in nights:
        one.start()
    for one in nights:
        one.join()
    done.set()
    reader.join()
    assert set(seen) == {(1,)}
    assert house.value("select count(*) from syncs where state = 'published'") == 7


def test_two_that_approve_at_once_publish_once(house: House) -> None:
    house.publish(*_whole(0))
    names = curated_students([student(n, last_name="Other") for n in range(60)])
    assert house.publish(names, _whole(0)[1]).state == "held"
    outcomes: list[str] = []

    def decide() -> None:
        try:
            outcomes.append(approve(house.database_url, "fairview-isd", "Dana").state)
        except Exception as error:
            outcomes.append(type(error).__name__)

    both = [threading.Thread(target=decide) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["NothingHeld", "published"]


def test_postgres_own_words_are_not_repeated(house: House) -> None:
    with connection_of(house.database_url) as admin:
        admin.execute("alter table students add check (city <> 'Secretville')")
    with pytest.raises(DatabaseFault, match="SQLSTATE 23514") as fault:
        house.publish(curated_students([student(1, city="Secretville")]))
    assert "Secretville" not in f"{fault.value}{fault.value.__cause__}"
    assert house.value("select count(*) from syncs") == 0
