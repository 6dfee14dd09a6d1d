"""The executor of every run: one process, and one run a night and attempt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

import dagster as dg
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from dagster._utils.interrupts import check_captured_interrupt

from samegoal_sync.database.kept_connection import keeping_connection
from samegoal_sync.database.waiting import waiting_for_postgres
from samegoal_sync.districts.monitoring.night_requests import NightRun, claim_night
from samegoal_sync.districts.monitoring.running_imports import record_progress, running_import
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.errors import DatabaseError, SyncError
from samegoal_sync.pipeline.adopted_runs import adopt_here, is_adoptable
from samegoal_sync.pipeline.import_run import record_failure_of
from samegoal_sync.pipeline.run_coordinator import missing_tags

#: How long an import waits for a Postgres that is gone: a restart takes seconds, a move to
#: another machine minutes. While it is gone no other run could take its place.
_UNATTENDED_SECONDS = 600
_ATTENDED_SECONDS = 60


class ImportExecutor(InProcessExecutor):
    """Executes all steps in this process; a run whose night another has taken up is canceled."""

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        """Events of the run, as Dagster's own executor yields them."""
        run = plan_context.dagster_run
        database_url = registry_from_environment().database_url
        patience = _UNATTENDED_SECONDS if night_of(run) else _ATTENDED_SECONDS
        with waiting_for_postgres(patience, is_stopped=check_captured_interrupt):
            yield from self._imported(plan_context, execution_plan, database_url)

    def _imported(
        self,
        plan_context: PlanOrchestrationContext,
        execution_plan: ExecutionPlan,
        database_url: str,
    ) -> Iterator[dg.DagsterEvent]:
        instance, run = plan_context.instance, plan_context.dagster_run
        # What is launched by dg comes past the queue, which does the same.
        if is_adoptable(run):
            run = adopt_here(instance, run)
        missing = missing_tags(run)
        if missing:
            instance.add_run_tags(run.run_id, missing)
        night = night_of(run)
        if night is not None:
            taken = claim_night(database_url, night)
            if taken:
                instance.report_engine_event(f"Nothing is imported: {taken}.", run)
                instance.report_run_canceling(run)
                # Dagster's way for an executor to end a run as canceled.
                raise dg.DagsterExecutionInterruptedError
        slug = run.tags.get("dagster/partition", "")
        with (
            keeping_connection(database_url),
            running_import(database_url, slug, run.run_id),
            _recorded(instance, run, slug),
        ):
            done, steps = 0, len(execution_plan.step_keys_to_execute)
            for event in super().execute(plan_context, execution_plan):
                if event.is_step_success:
                    done += 1
                    record_progress(database_url, run.run_id, done, steps)
                yield event


@contextmanager
def _recorded(instance: dg.DagsterInstance, run: dg.DagsterRun, slug: str) -> Iterator[None]:
    """Record what kept Dagster from writing its own events; a night is then asked for again."""
    try:
        yield
    except DatabaseError as error:
        with suppress(SyncError):  # else the sensor orphaned_runs does once the server is back
            record_failure_of(instance, run, slug, error)
            # The schedule counts the attempts.
            instance.add_run_tags(run.run_id, {"dagster/max_retries": "0"})
        raise


def night_of(run: dg.DagsterRun) -> NightRun | None:
    """The night that the schedule asked for by this run; ``None`` if somebody else asked."""
    slug, night, attempt = (run.tags.get(key) for key in ("dagster/partition", "night", "attempt"))
    if slug is None or night is None or attempt is None:
        return None
    return NightRun(
        slug, date.fromisoformat(night), int(attempt), run.run_id, run.root_run_id or run.run_id
    )


@dg.executor(name="in_process")
def import_executor(_init: dg.InitExecutorContext) -> ImportExecutor:
    """One process a run: a process a step costs seconds and gains nothing here."""
    return ImportExecutor(RetryMode.ENABLED)
