"""What a run may take of memory has an end: a Qmlativ that sends without one fails its district.

In a process of its own, through Dagster, as a night is run; a smaller budget than a night's, so
that the machine of the tests need not have the memory that it bounds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from samegoal_sync.district import DistrictState
from samegoal_sync.secret import Secret
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, misbehaving_server

FAIRVIEW, ENDLESS = SLUGS[0], "endless-isd"
_BUDGET = 100  # MiB of frames; a night's is 1 GiB
#: Answers in parsing and Dagster's own work beside the frames.
_BESIDE = 250

_RUN = """
import json, resource, sys
from functools import partial
from pathlib import Path
from samegoal_sync.pipeline.launching import import_districts
from samegoal_sync.qmlativ.http import limits
from samegoal_sync.settings import Settings

given = json.loads(sys.stdin.read())
resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))  # what goes wrong hurts nobody else
limits.Limits = partial(limits.Limits, page_size=5_000, frame_bytes=given["budget"] * 2**20)
settings = Settings(Path(given["home"]), Path(given["storage"]), allow_loopback=True)
peaks = []
for slug in given["slugs"]:
    (outcome,) = import_districts(settings, given["url"], [slug])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peaks.append([outcome.state, outcome.message or "", peak])
print(json.dumps(peaks))
"""


def _never_ends(template: dict[str, Any]) -> does.Strike:
    """Every page is full, in good form and says that another follows."""

    def inject(handler: Handler) -> None:
        page, size = (int(part) for part in handler.path.partition("?")[0].split("/")[-2:])
        rows = [{**template, "EntityID": page * size + n, "Name": "n" * 500} for n in range(size)]
        paging = {"Next": f"/Custom/1/District/Entity/{page + 1}/{size}"}
        handler.json(200, {"Paging": paging, "Objects": rows})

    return inject


@pytest.mark.slow
def test_a_run_takes_no_more_memory_than_its_budget_and_the_next_is_imported(
    world: World,
) -> None:
    with misbehaving_server() as server:
        rows = server.behaviour.rows["District/Entity"]
        server.behaviour.fault("District/Entity", _never_ends(rows[0]), 10**6)
        world.registry.add(
            slug=ENDLESS, name="Endless", base_url=server.connection.base_url,
            client_key=does.KEY, who="test",
        )  # fmt: skip
        world.registry.store_secret(ENDLESS, Secret(does.SECRET), "test")
        world.registry.set_state(ENDLESS, DistrictState.ACTIVE, "test")
        given = {
            "home": str(world.settings.home), "storage": str(world.settings.storage),
            "url": world.database_url, "slugs": [FAIRVIEW, ENDLESS, FAIRVIEW], "budget": _BUDGET,
        }  # fmt: skip
        run = subprocess.run(
            [sys.executable, "-c", _RUN],
            input=json.dumps(given), capture_output=True, text=True, timeout=240, check=True,
        )  # fmt: skip
    first, endless, again = json.loads(run.stdout)
    assert (first[0], endless[0], again[0]) == ("published", "failed", "unchanged")
    assert f"rows that fill more than {_BUDGET} MiB of memory" in endless[1]
    assert endless[2] - first[2] < _BUDGET + _BESIDE
    with psycopg.connect(world.database_url) as connection:
        recorded = connection.execute(
            "select state, message from samegoal.syncs where district = %s", (ENDLESS,)
        ).fetchall()
    assert recorded == [("failed", endless[1])]
