"""The run queue, which makes each run of a district one of ``import_district``, with its tags.

The schedule and the command write ``district``, ``host`` and ``kind`` themselves; a run from the UI
comes with its partition alone, often of no job of ours, and would pass by the limit of runs a
Skyward server.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from samegoal_sync.districts.errors import UnknownDistrict
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.pipeline.adopted_runs import adopt_queued, is_adoptable
from samegoal_sync.pipeline.import_job import run_tags


class DistrictRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue; named in dagster.yaml."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Make the run ours and tag it, then queue it."""
        run = context.dagster_run
        if is_adoptable(run):
            run = adopt_queued(self._instance, run, context.workspace)
        missing = missing_tags(run)
        if missing:
            self._instance.add_run_tags(run.run_id, missing)
        return super().submit_run(dg.SubmitRunContext(run, context.workspace))


def missing_tags(run: dg.DagsterRun) -> dict[str, str]:
    """What a run of a district has not been tagged with; nothing for another run."""
    slug = run.tags.get("dagster/partition")
    if slug is None or "host" in run.tags:
        return {}
    try:
        district = registry_from_environment().get(slug)
    except UnknownDistrict:
        return {}  # its first step says so
    tags = run_tags(district, kind="by hand")
    return {name: value for name, value in tags.items() if name not in run.tags}
