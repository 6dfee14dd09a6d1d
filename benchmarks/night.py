"""A night of a fleet, with the real queue and engines: what each district costs, and where.

    python benchmarks/night.py [--districts 6] [--students 500] [--workers 0 1]

Each district has three nights: its first, one after a school day, one in which nothing changed. For
each engine (0: Dagster's default launcher, a new Python a run; else Celery with so many warm
worker processes) CPU seconds a district are told apart: whoever executes, the daemon, the code
server, Postgres; then seconds of wall, connections opened, WAL, rows and bytes of Dagster's
events, and what 3,000 districts would take. The sandbox runs in this process, which is not counted;
on a machine of few cores it takes its share of the wall time, so that CPU seconds tell more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from samegoal_sync.database import connect, running_database
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT, run_tags
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

# The programs of a fleet are beside this folder, with the tests.
sys.path.insert(0, str(CHECKOUT))
from samegoal_sync_tests.pipeline.fleet_programs import Fleet

_KEY = "samegoal-demographics"
_TICKS = os.sysconf("SC_CLK_TCK")
_FLEET = 3000

#: What grows with each run, Dagster's and ours.
_TABLES = (
    "dagster.event_logs", "dagster.asset_event_tags", "dagster.asset_check_executions",
    "dagster.runs", "dagster.run_tags", "samegoal.syncs", "samegoal.rejects", "samegoal.changes",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--districts", type=int, default=6)
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1])
    arguments = parser.parse_args()
    slugs = [f"d{number}" for number in range(arguments.districts)]
    if any(arguments.workers) and not shutil.which("redis-server"):
        sys.exit("Celery needs a broker: install redis-server, or run with --workers 0")
    load = os.getloadavg()[0]
    print(
        f"{len(slugs)} districts of {arguments.students} students; {os.cpu_count()} cores, "
        f"load before the start {load:.1f}\n"
    )
    print("| engine | night | worker | daemon | code server | Postgres | CPU s a district | wall s "
          "| connections | WAL kB | events | events kB |")  # fmt: skip
    print("|---|---|" + "---:|" * 10)
    told = []
    for workers in arguments.workers:
        told += _engine(workers, slugs, arguments.students)
    print()
    print("\n".join(told))


def _engine(workers: int, slugs: list[str], students: int) -> list[str]:
    folder = Path(tempfile.mkdtemp(prefix="sg-"))
    folder.chmod(0o755)
    name = f"Celery, {workers} warm" if workers else "default launcher"
    told = []
    try:
        settings = Settings(home=folder / "d", storage=folder / "s", allow_loopback=True)
        districts = [SandboxDistrict(one, one, students, seed=n) for n, one in enumerate(slugs)]
        with running_database(settings) as url, running_sandbox(districts) as sandbox:
            _register(settings, url, sandbox, slugs)
            with _engine_running(workers, settings, url, folder) as engine:
                for night in ("first", "a school day later", "unchanged"):
                    if night == "a school day later":
                        for slug in slugs:
                            sandbox.advance(slug)
                    cost = engine.night(slugs)
                    print(cost.line(name, night, len(slugs)))
                told.append(f"{name}, kB kept of an unchanged night of a district: {engine.kept}.")
                cpu = cost.cpu / len(slugs)
                hours = cpu * _FLEET / (os.cpu_count() or 1) / 3600
                told.append(
                    f"{name}: {_FLEET:,} unchanged districts of {students:,} are "
                    f"{cpu * _FLEET:,.0f} CPU seconds: {hours:.1f} hours on {os.cpu_count()} cores "
                    "that do nothing else."
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return told


def _register(settings: Settings, url: str, sandbox: Sandbox, slugs: list[str]) -> None:
    registry = Registry(settings, url)
    # The schedule's looks are part of a night; its own requests would be a second one.
    hour = (datetime.now(UTC) + timedelta(hours=2)).hour
    for slug in slugs:
        sandbox.create_access(slug, _KEY)
        registry.add(
            slug=slug, name=slug, base_url=sandbox.base_url(slug), client_key=_KEY, who="bench",
            time_zone="UTC", hour=hour,
        )  # fmt: skip
        registry.store_secret(slug, Secret(sandbox.generate_secret(slug, _KEY)), "bench")
        registry.set_state(slug, DistrictState.ACTIVE, "bench")


@dataclass(frozen=True)
class Cost:
    """What a night took, all districts together."""

    parts: dict[str, float]
    wall: float
    connections: int
    wal: int
    events: int
    event_bytes: int

    @property
    def cpu(self) -> float:
        return sum(self.parts.values())

    def line(self, engine: str, night: str, districts: int) -> str:
        each = [f"{self.parts[part] / districts:.2f}" for part in
                ("worker", "daemon", "code server", "Postgres")]  # fmt: skip
        return (
            f"| {engine} | {night} | {' | '.join(each)} | {self.cpu / districts:.2f} "
            f"| {self.wall:.1f} | {self.connections / districts:.0f} "
            f"| {self.wal / districts / 1000:.0f} | {self.events / districts:.0f} "
            f"| {self.event_bytes / districts / 1000:.0f} |"
        )


class Engine:
    """Programs that execute what is queued, and what they have used so far."""

    def __init__(self, instance: dg.DagsterInstance, url: str, workspace: Path) -> None:
        self.instance, self.url, self.workspace = instance, url, workspace
        self.programs: dict[str, int] = {}
        self.kept = ""

    def night(self, slugs: list[str]) -> Cost:
        sizes = self._sizes()
        before, began = self._used(), time.monotonic()
        thread = time.thread_time()
        runs = self._ask(slugs)
        asking = time.thread_time() - thread
        while not all(self._ended(run) for run in runs):
            time.sleep(1)
        wall = time.monotonic() - began
        time.sleep(3)  # what follows a run: sensors, the last events
        after, new = self._used(), self._events(set(runs))
        failed = [one for one in runs if self._status(one) is not dg.DagsterRunStatus.SUCCESS]
        if failed:
            sys.exit(f"{len(failed)} of {len(runs)} runs failed: look at {self.workspace.parent}")
        grown = {name: size - sizes[name] for name, size in self._sizes().items()}
        self.kept = ", ".join(
            f"{name.rpartition('.')[2]} {size / len(slugs) / 1000:.1f}"
            for name, size in grown.items()
        )
        parts = {part: after[0][part] - before[0][part] for part in after[0]}
        parts["daemon"] += asking  # the daemon's own work, done here
        return Cost(parts, wall, after[1] - before[1], after[2] - before[2], *new)

    def _ask(self, slugs: list[str]) -> list[str]:
        """As the daemon asks for a night's runs."""
        registry = Registry(Settings.from_environment(), self.url)
        found = []
        target = WorkspaceFileTarget([str(self.workspace)])
        with WorkspaceProcessContext(self.instance, target) as process:
            request = process.create_request_context()
            location = request.get_code_location("samegoal_sync")
            job = location.get_job(
                JobSubsetSelector("samegoal_sync", "__repository__", IMPORT_DISTRICT, None)
            )
            plan = location.get_execution_plan(job, {}, None, None)
            graph = location.get_repository("__repository__").asset_graph
            for slug in slugs:
                tags = {
                    **job.run_tags,
                    **run_tags(registry.get(slug), kind="benchmark"),
                    "dagster/partition": slug,
                }
                run = self.instance.create_run(
                    job_name=IMPORT_DISTRICT, run_id=None, run_config={},
                    resolved_op_selection=None, step_keys_to_execute=None, op_selection=None,
                    status=dg.DagsterRunStatus.NOT_STARTED, root_run_id=None, parent_run_id=None,
                    tags=tags, job_snapshot=job.job_snapshot,
                    execution_plan_snapshot=plan.execution_plan_snapshot,
                    parent_job_snapshot=job.parent_job_snapshot,
                    remote_job_origin=job.get_remote_origin(),
                    job_code_origin=job.get_python_origin(), asset_selection=None,
                    asset_check_selection=None, asset_graph=graph,
                )  # fmt: skip
                self.instance.submit_run(run.run_id, request)
                found.append(run.run_id)
        return found

    def _status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def _ended(self, run_id: str) -> bool:
        run = self.instance.get_run_by_id(run_id)
        return run is not None and run.is_finished

    def _used(self) -> tuple[dict[str, float], int, int]:
        cpu = {name: _cpu(pid) for name, pid in self.programs.items()}
        parts = {
            "worker": cpu.get("worker", 0.0),
            "daemon": cpu["daemon"],
            "code server": cpu["code server"],
            "Postgres": cpu["Postgres"],
        }
        with connect(self.url, autocommit=True) as connection:
            row = connection.execute(
                "select sessions, pg_current_wal_insert_lsn() - '0/0'::pg_lsn "
                "from pg_stat_database where datname = current_database()"
            ).fetchone()
        assert row is not None
        return parts, int(row[0]), int(row[1])

    def _sizes(self) -> dict[str, int]:
        storage = Settings.from_environment().storage
        frames = sum(file.stat().st_size for file in storage.rglob("*") if file.is_file())
        with connect(self.url) as connection:
            found = connection.execute(
                "select name, pg_total_relation_size(name::regclass) from unnest(%s::text[]) name",
                (list(_TABLES),),
            ).fetchall()
        return {**{str(name): int(size) for name, size in found}, "frames": frames}

    def _events(self, runs: set[str]) -> tuple[int, int]:
        with connect(self.url) as connection:
            row = connection.execute(
                "select count(*), coalesce(sum(length(event)), 0) from dagster.event_logs "
                "where run_id = any(%s)",
                (list(runs),),
            ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


@contextmanager
def _engine_running(workers: int, settings: Settings, url: str, folder: Path) -> Iterator[Engine]:
    with ExitStack() as stack:
        fleet = Fleet(settings, url, folder)
        os.environ.update(fleet.environment)
        os.environ["DAGSTER_HOME"] = str(settings.home)
        if workers:
            stack.enter_context(fleet.redis())
        else:
            (settings.home / "dagster.yaml").unlink()
        instance = stack.enter_context(dagster_instance(settings, url))
        engine = Engine(instance, url, fleet.workspace)
        engine.programs["code server"] = stack.enter_context(fleet.code_server()).pid
        if workers:
            engine.programs["worker"] = stack.enter_context(fleet.worker(workers)).pid
        # Neither schedules nor sensors are turned off: their looks are part of a night.
        engine.programs["daemon"] = stack.enter_context(fleet.daemon()).pid
        engine.programs["Postgres"] = _postmaster(settings.home)
        instance.add_dynamic_partitions(
            "district", [one.slug for one in Registry(settings, url).list()]
        )
        time.sleep(15)  # all have started
        yield engine


def _postmaster(home: Path) -> int:
    (found,) = home.rglob("postmaster.pid")
    return int(found.read_text().split()[0])


def _cpu(pid: int) -> float:
    """CPU seconds of a process and all that descend from it, those that have ended included."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents.setdefault(int(fields[1]), []).append(int(entry.name))
        used[int(entry.name)] = sum(int(one) for one in fields[11:15]) / _TICKS
    todo, total = [pid], 0.0
    while todo:
        one = todo.pop()
        total += used.get(one, 0.0)
        todo += parents.get(one, [])
    return total


if __name__ == "__main__":
    main()
