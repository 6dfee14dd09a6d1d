"""Import districts in this process, through Dagster, as the nightly schedule does elsewhere."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dagster as dg

from samegoal_sync.instance import dagster_instance
from samegoal_sync.night_run import curate
from samegoal_sync.settings import Settings

if TYPE_CHECKING:
    from samegoal_sync.demographics.curated import Curated
    from samegoal_sync.districts.district import District
    from samegoal_sync.samegoal.syncs import Publication

_POLL_SECONDS = 0.3

#: Events go to Dagster's storage as ever; the terminal is for the command's own words.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

#: Called with the district, steps done and steps in all.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class DistrictOutcome:
    """How one district's import went.

    Attributes:
        state: as in ``syncs``: published, unchanged, held, paused or failed.
        counts: where everybody went; empty when the run failed.
        message / hint / actor: what is wrong, what to do and who must, when something is.
    """

    slug: str
    run_id: str
    state: str
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    message: str | None = None
    hint: str | None = None
    actor: str | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to act: the night failed or is held."""
        return self.state not in {"published", "unchanged", "paused"}


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
    """
    from samegoal_sync.districts.registry import Registry

    registry = Registry(settings, database_url)
    districts = [registry.get(slug) for slug in slugs]
    outcomes = []
    with dagster_instance(settings, database_url) as instance:
        for district in districts:
            # One that is registered but not active yet: its first import, or a trial.
            instance.add_dynamic_partitions("district", [district.slug])
            outcome = _import(instance, database_url, district, on_progress)
            outcomes.append(outcome)
            if on_outcome:
                on_outcome(outcome)
    return outcomes


def refresh_student(
    settings: Settings, database_url: str, slug: str, student_id: str
) -> Publication:
    """Read one student from Qmlativ now and publish them by the same rules.

    Raises:
        QmlativError: the read failed, or Qmlativ has no such student.
        SyncError: what was read can't be published; what is published stays.
    """
    from samegoal_sync.districts.registry import Registry
    from samegoal_sync.qmlativ.client import QmlativClient
    from samegoal_sync.samegoal.publish import Mode, publish

    registry = Registry(settings, database_url)
    district, started = registry.get(slug), datetime.now(UTC)
    today = district.today(started)
    with QmlativClient(registry.connection(slug)) as client:
        raw = client.read_student(student_id)
    students, guardians = curate(raw, district, today)
    return publish(
        database_url, district, students, guardians,
        run_id=f"student-{uuid.uuid4()}", night=today, started_at=started, mode=Mode.STUDENT,
    )  # fmt: skip


def curated_tonight(settings: Settings, database_url: str, slug: str) -> tuple[Curated, Curated]:
    """Read and curate a district without storing or publishing anything: for a preview.

    Returns:
        Students and guardians, as tonight's run would publish them.
    """
    from samegoal_sync.districts.registry import Registry
    from samegoal_sync.qmlativ.catalog import RawAsset
    from samegoal_sync.qmlativ.client import QmlativClient

    registry = Registry(settings, database_url)
    district = registry.get(slug)
    today = district.today(datetime.now(UTC))
    with QmlativClient(registry.connection(slug)) as client:
        entities, *others = [client.read(asset) for asset in RawAsset]
    raw = entities.merged_with(*others)
    return curate(raw, district, today)


def run_tags(district: District, kind: str) -> dict[str, str]:
    """What the run queue's limits and the UI's filters go by."""
    host = urlsplit(district.base_url).hostname or ""
    return {"district": district.slug, "kind": kind, "host": host}


def _import(
    instance: dg.DagsterInstance,
    database_url: str,
    district: District,
    on_progress: OnProgress | None,
) -> DistrictOutcome:
    from samegoal_sync.definitions import defs
    from samegoal_sync.samegoal.recorded import ensure_recorded

    job = defs.resolve_job_def("import_district")
    run_id, started = str(uuid.uuid4()), datetime.now(UTC)
    steps = len(job.graph.node_dict)

    def execute() -> None:
        job.execute_in_process(
            instance=instance,
            partition_key=district.slug,
            run_config=_QUIET,
            run_id=run_id,
            tags=run_tags(district, kind="by hand"),
            raise_on_error=False,
        )

    def watch() -> None:
        if on_progress:
            done = instance.get_records_for_run(
                run_id, of_type=dg.DagsterEventType.STEP_SUCCESS
            ).records
            on_progress(district.slug, len(done), steps)

    _run_watched(execute, watch)
    sync = ensure_recorded(
        database_url,
        district.slug,
        run_id=run_id,
        night=district.today(started),
        started_at=started,
    )
    seconds = (datetime.now(UTC) - started).total_seconds()
    return DistrictOutcome(
        district.slug, run_id, sync.state, seconds, sync.counts, sync.message, sync.hint, sync.actor
    )


def _run_watched(work: Callable[[], Any], watch: Callable[[], None]) -> None:
    """Do the work in a thread and look at it from time to time; its error is raised here."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded, name="import", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
        watch()
    if errors:
        raise errors[0]
