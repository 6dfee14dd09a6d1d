"""The ``dg`` command, as docs/pipeline.md shows it: check, list and launch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]

pytestmark = pytest.mark.slow


def _dg(world: World, *arguments: str) -> str:
    """What ``dg ...`` prints, called in the checkout."""
    environment = pipeline_environment(world.settings, world.database_url)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dg")), *arguments],
        cwd=CHECKOUT,
        # Wide, so that the tables are not folded within a name.
        env={**environment, "PATH": "/usr/bin:/bin", "HOME": str(world.settings.home),
             "COLUMNS": "300"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_dg_checks_and_lists_what_is_defined(world: World) -> None:
    assert "All definitions loaded successfully" in _dg(world, "check", "defs")
    listed = _dg(world, "list", "defs")
    for name in ("samegoal/students", "import_district", "nightly", "decisions_on_held_nights"):
        assert name in listed
    # Dagster counts who calls it; the home's dagster.yaml says no to dg, too.
    assert not list(world.settings.home.rglob("*telemetry*"))


def test_dg_launches_runs_of_the_job_with_its_tags(
    world: World, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("district", [FAIRVIEW])
    _dg(world, "launch", "--job", "import_district", "--partition", FAIRVIEW)
    _dg(world, "launch", "--assets", 'key:"samegoal/*"', "--partition", FAIRVIEW)
    of_job = instance.get_runs(dg.RunsFilter(job_name="import_district"))
    assert len(of_job) == len(instance.get_runs()) == 2
    for run in of_job:
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert run.remote_job_origin is not None
        assert {name: run.tags.get(name) for name in ("district", "host", "kind")} == {
            "district": FAIRVIEW,
            "host": "127.0.0.1",
            "kind": "by hand",
        }
        # By these the UI lists the runs of a job, and of a code location.
        assert run.tags["dagster/code_location"] == "samegoal_sync"
        assert run.tags[".dagster/repository"] == "__repository__@samegoal_sync"
    whole = dg.RunsFilter(job_name="import_district", tags={"dagster/partition": FAIRVIEW})
    assert len(instance.get_runs(whole)) == 2
