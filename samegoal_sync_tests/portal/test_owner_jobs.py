"""What runs as the owner of the tables: in processes that one district does not fill, and whose
faults tell no value of a student's.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.portal import owner_jobs
from samegoal_sync.portal.errors import Unexpected
from samegoal_sync.portal.owner_jobs import OwnerJobs
from samegoal_sync.samegoal.errors import NotErased
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person


@pytest.fixture
def jobs() -> Iterator[OwnerJobs]:
    jobs = OwnerJobs("postgresql://address")
    yield jobs
    jobs.close()


def _says_whose(address: str, student: str) -> None:
    raise ValueError(f"{student} at {address}")


def _ends_its_process(_address: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refuses(_address: str) -> None:
    raise NotErased(FAIRVIEW, 7)


def _process(address: str) -> tuple[str, int]:
    return address, os.getpid()


def test_a_fault_is_reported_without_its_text_and_a_refusal_as_it_is(
    jobs: OwnerJobs, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unexpected):
        jobs.run(_says_whose, "Zimmer, Ann")
    with pytest.raises(Unexpected):
        jobs.run(_ends_its_process)
    with pytest.raises(NotErased) as refused:
        jobs.run(_refuses)
    assert "samegoal-sync students erased" in refused.value.hint
    assert refused.value.exit_status == NotErased.exit_status
    address, process = jobs.run(_process)  # the one that was killed is replaced
    assert address == "postgresql://address"
    assert process != os.getpid()
    faults = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert len(faults) == 2
    assert "ValueError  at _says_whose" in faults[0]
    assert "Zimmer" not in caplog.text
    assert "postgresql://" not in caplog.text


def test_a_process_that_dies_idle_costs_no_later_job(jobs: OwnerJobs) -> None:
    for _ in range(2):
        _, idle = jobs.run(_process)
        time.sleep(1)  # its result is here before it is idle
        os.kill(idle, signal.SIGKILL)
        time.sleep(1)  # until it is noticed
        assert jobs.run(_process)[1] != idle


def test_a_district_whose_import_takes_long_keeps_no_other_waiting(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    districts: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner_jobs, "TURN_SECONDS", 2.0)
    Registry(settings, districts).store_secret(OAKDALE, Secret("s3cret"), "test")
    fairview, oakdale = (
        sign_in(f"administrative@{who}.example") for who in ("fairview", "oakdale")
    )
    here, there = (f"{student_address(slug)}/forget" for slug in (FAIRVIEW, OAKDALE))
    clicks, fields = 10, {"csrf": fairview.token(), "field": "grade"}
    with ThreadPoolExecutor(clicks) as pool:
        with connect(districts) as importing:
            importing.execute("select pg_advisory_xact_lock(5407, hashtext(%s))", (FAIRVIEW,))
            answers = as_completed(
                [pool.submit(fairview.send, here, fields) for _ in range(clicks)], timeout=60
            )
            assert oakdale.post(there, field="grade").status_code == 303
            secret = oakdale.post(f"/d/{OAKDALE}/district-information/secret")
            assert "s3cret" in secret.text
            assert oakdale.get("/readyz").status_code == 200
            given_up = [next(answers).result() for _ in range(clicks - 1)]
            assert {one.status_code for one in given_up} == {503}
            assert "under way" in given_up[0].text
        assert next(answers).result().status_code == 303  # the first one had waited all the while
