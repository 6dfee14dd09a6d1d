"""Import districts in this process, through Dagster, as the nightly schedule does elsewhere."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.events import RunFailureReason
from dagster._core.execution.api import execute_run
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG

from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.district import PARTITIONS, District
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.code_location import job_here, job_origin
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT, PARTITION_SET, run_tags
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.pipeline.orphaned_runs import end_orphaned_runs
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.samegoal.publication.recorded_runs import RunStopped, ensure_recorded
from samegoal_sync.settings import Settings

if TYPE_CHECKING:
    from samegoal_sync.demographics.columns.curated_frames import Curated

_POLL_SECONDS = 0.3

#: Events go to Dagster's storage as ever; the terminal is for the command's own words.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

#: Called with the district, steps done, steps in all and the name of the step at hand.
OnProgress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class DistrictOutcome:
    """How one district's import went.

    Attributes:
        state: as in ``syncs``: published, unchanged, held, paused or failed.
        counts: where everybody went; empty when the run failed.
        message / hint / actor: what is wrong, what to do and who must, when something is.
        undelivered: the night is published, but its files could not be handed over by SFTP.
    """

    slug: str
    run_id: str
    state: str
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    message: str | None = None
    hint: str | None = None
    actor: str | None = None
    undelivered: bool = False

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to act: the night failed, is held or was not delivered."""
        return self.undelivered or self.state not in {
            "published",
            "unchanged",
            "paused",
            "discarded",  # a later read is published
        }


def import_districts(
    settings: Settings,
    database_url: str,
    slugs: Sequence[str],
    *,
    on_progress: OnProgress | None = None,
    on_outcome: Callable[[DistrictOutcome], None] | None = None,
) -> list[DistrictOutcome]:
    """Import districts one after the other; a failure of one does not stop the next.

    Raises:
        UnknownDistrict: a slug is not registered; then none is imported.
        KeyboardInterrupt: somebody stopped it; the run is marked as canceled and recorded.
    """
    registry = Registry(settings, database_url)
    districts = [registry.get(slug) for slug in slugs]
    outcomes = []
    with dagster_instance(settings, database_url) as instance:
        for district in districts:
            # One that is registered but not active yet: its first import, or a trial.
            instance.add_dynamic_partitions(PARTITIONS, [district.slug])
            end_orphaned_runs(instance, database_url, [district.slug])
            outcome = _import(instance, database_url, district, on_progress)
            outcomes.append(outcome)
            if on_outcome:
                on_outcome(outcome)
    return outcomes


def curated_tonight(settings: Settings, database_url: str, slug: str) -> tuple[Curated, Curated]:
    """Read and curate a district without storing or publishing anything: for a preview.

    Returns:
        Students and guardians, as tonight's run would publish them.
    """
    from samegoal_sync.qmlativ.client import QmlativClient  # requests: slow to import
    from samegoal_sync.qmlativ.http.limits import Limits

    registry = Registry(settings, database_url)
    district = registry.get(slug)
    today = district.today(datetime.now(UTC))
    limits = Limits(deadline_seconds=settings.read_deadline_seconds)
    with QmlativClient(registry.connection(slug), limits=limits) as client:
        entities, *others = [client.read(asset) for asset in RawAsset]
    raw = entities.merged_with(*others)
    return curate(raw, district, today)


def _import(
    instance: dg.DagsterInstance,
    database_url: str,
    district: District,
    on_progress: OnProgress | None,
) -> DistrictOutcome:
    job = job_here(IMPORT_DISTRICT)
    run_id, started = str(uuid.uuid4()), datetime.now(UTC)
    steps = len(job.get_definition().graph.node_dict)

    def watch() -> None:
        if on_progress:
            on_progress(district.slug, *_progress(instance, run_id, steps))

    origin = job_origin(IMPORT_DISTRICT)
    partition = {"dagster/partition": district.slug, "dagster/partition_set": PARTITION_SET}
    belongs = {REPOSITORY_LABEL_TAG: origin.repository_origin.get_label()}
    run = instance.create_run_for_job(
        job.get_definition(),
        run_id=run_id,
        run_config=_QUIET,
        tags={
            **job.get_definition().run_tags,
            **run_tags(district, kind="by hand"),
            **partition,
            **belongs,
        },
        remote_job_origin=origin,
        job_code_origin=job.get_python_origin(),
    )
    with _watched(watch) if on_progress else nullcontext():
        end = _execute(job, run, instance)
    if on_progress and not end.stopped:
        on_progress(district.slug, steps, steps, "done")
    if end.stopped:
        instance.report_run_canceled(run, "Stopped by whoever ran samegoal-sync sync.")
    sync = ensure_recorded(
        database_url,
        district.slug,
        run_id=run_id,
        night=district.today(started),
        started_at=started,
        error=RunStopped(district.slug) if end.stopped else None,
    )
    if end.stopped:
        raise KeyboardInterrupt
    seconds = (datetime.now(UTC) - started).total_seconds()
    outcome = DistrictOutcome(
        district.slug, run_id, sync.state, seconds, sync.counts, sync.message, sync.hint, sync.actor
    )
    if end.failure and not outcome.needs_a_person:
        what, hint, actor = (end.failure[name] for name in ("what", "hint", "action by"))
        return replace(outcome, message=what, hint=hint, actor=actor, undelivered=True)
    return outcome


def _progress(instance: dg.DagsterInstance, run_id: str, steps: int) -> tuple[int, int, str]:
    """Steps done, steps in all, and the step that began last, in a person's words."""
    kinds = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS}
    found = instance.get_records_for_run(run_id, of_type=kinds).records
    entries = [record.event_log_entry for record in found]
    begun = [entry.step_key or "" for entry in entries if _kind(entry) == "STEP_START"]
    at_hand = begun[-1].replace("__", "/").replace("_", " ") if begun else "starting"
    return len(entries) - len(begun), steps, at_hand


def _kind(entry: dg.EventLogEntry) -> str:
    return entry.dagster_event.event_type_value if entry.dagster_event else ""


@dataclass(frozen=True)
class _End:
    """How a run ended: whether somebody stopped it, and what its failed step told."""

    stopped: bool = False
    failure: Mapping[str, str] = field(default_factory=dict)


def _execute(job: ReconstructableJob, run: dg.DagsterRun, instance: dg.DagsterInstance) -> _End:
    """Run the job in the main thread, where Dagster itself lets Ctrl-C end the step at hand."""
    try:
        result = execute_run(job, run, instance)
    except KeyboardInterrupt:  # before the first step, or after the last
        return _End(stopped=True)
    failure: dict[str, str] = {}
    for event in result.all_events:
        if event.event_type is dg.DagsterEventType.RUN_FAILURE:
            reason = event.job_failure_data.failure_reason
            if reason is RunFailureReason.UNEXPECTED_TERMINATION:
                return _End(stopped=True)
        if event.is_step_failure and (data := event.step_failure_data.user_failure_data):
            failure = {name: str(value.value) for name, value in data.metadata.items()}
    return _End(failure=failure)


@contextmanager
def _watched(watch: Callable[[], None]) -> Iterator[None]:
    """Look at the work from time to time, from a thread of its own, until the block ends."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_POLL_SECONDS):
            with suppress(Exception):  # Postgres may be gone: the run itself says so
                watch()

    thread = threading.Thread(target=look, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
