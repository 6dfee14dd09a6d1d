"""A night of a fleet, with the real queue and engines: what each district costs, and where.

    python benchmarks/night.py [--launcher default celery] [--workers 1 2] [--districts 6]
        [--students 500] [--minutes 30]

Each district has three nights: its first, one after a school day, one in which nothing changed.
For each engine (Dagster's default launcher, a new Python a run; Celery with so many warm worker
processes) CPU seconds a district are told apart: whoever executes, the daemon, the code server,
Postgres; then seconds of wall, connections opened, WAL, rows and bytes of Dagster's events, what is
kept, and what 3,000 districts would take. A night that lasts longer than its minutes is told by the
districts that were done, and the engine's other nights are left out.

The sandbox runs in this process, which is not counted; on a machine of few cores it takes its share
of the wall time, so that CPU seconds tell more. Districts bear as many Skyward servers as there are
workers, for the queue lets two runs at once read one server; under the default launcher one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster import RunsFilter
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.storage.dagster_run import FINISHED_STATUSES
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
_LAUNCHERS = ["default", "celery"]

#: What grows with each run, Dagster's and ours.
_TABLES = (
    "dagster.event_logs", "dagster.asset_event_tags", "dagster.asset_check_executions",
    "dagster.runs", "dagster.run_tags", "samegoal.syncs", "samegoal.rejects", "samegoal.changes",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--launcher", nargs="+", choices=_LAUNCHERS, default=_LAUNCHERS)
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="of Celery")
    parser.add_argument("--districts", type=int, default=6)
    parser.add_argument("--students", type=int, default=500, help="of each district")
    parser.add_argument("--minutes", type=float, default=30, help="that one night may take")
    arguments = parser.parse_args()
    engines = [0] if "default" in arguments.launcher else []
    engines += arguments.workers if "celery" in arguments.launcher else []
    if any(engines) and not shutil.which("redis-server"):
        sys.exit("Celery needs a broker: install redis-server, or run with --launcher default")
    load = os.getloadavg()[0]
    print(
        f"{arguments.districts} districts of {arguments.students} students; {os.cpu_count()} "
        f"cores, load before the start {load:.1f}\n"
    )
    print("| engine | night | students changed | worker | daemon | code server | Postgres "
          "| CPU s a district | wall s | connections | WAL kB | events | events kB |")  # fmt: skip
    print("|---|---|" + "---:|" * 11, flush=True)
    told = []
    for workers in engines:
        told += _engine(workers, arguments)
    print()
    print("\n".join(told))


NIGHTS = ("first", "a school day later", "unchanged")


def _engine(workers: int, arguments: argparse.Namespace) -> list[str]:
    slugs = [f"d{number}" for number in range(arguments.districts)]
    folder = Path(tempfile.mkdtemp(prefix="sg-"))
    folder.chmod(0o755)
    name = f"Celery, {workers} warm" if workers else "default launcher"
    told = []
    try:
        settings = Settings(home=folder / "d", storage=folder / "s", allow_loopback=True)
        districts = [
            SandboxDistrict(one, one, arguments.students, seed=n) for n, one in enumerate(slugs)
        ]
        with running_database(settings) as url, running_sandbox(districts) as sandbox:
            _register(settings, url, sandbox, slugs)
            with _engine_running(workers, settings, url, folder) as engine:
                for night in NIGHTS:
                    if night == "a school day later":
                        for slug in slugs:
                            sandbox.advance(slug)
                    cost = engine.night(slugs, arguments.minutes * 60)
                    print(cost.line(name, night), flush=True)
                    told.append(cost.told(name, night, arguments.students))
                    if cost.districts < len(slugs):
                        break
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
    """What a night took, all districts together that were done.

    Attributes:
        parts: CPU seconds by who used them.
        kept: bytes by which what is kept has grown.
    """

    districts: int
    asked: int
    changed: float
    parts: dict[str, float]
    wall: float
    connections: int
    wal: int
    events: int
    event_bytes: int
    kept: dict[str, int]

    @property
    def cpu(self) -> float:
        """CPU seconds a district."""
        return sum(self.parts.values()) / self.districts

    def line(self, engine: str, night: str) -> str:
        """A row of the table."""
        n = self.districts
        each = [f"{self.parts[part] / n:.2f}" for part in
                ("worker", "daemon", "code server", "Postgres")]  # fmt: skip
        return (
            f"| {engine} | {night} | {self.changed:.1%} | {' | '.join(each)} | {self.cpu:.2f} "
            f"| {self.wall:.1f} | {self.connections / n:.0f} | {self.wal / n / 1000:.0f} "
            f"| {self.events / n:.0f} | {self.event_bytes / n / 1000:.0f} |"
        )

    def told(self, engine: str, night: str, students: int) -> str:
        """The same in plain words, for the whole fleet."""
        cores = os.cpu_count() or 1
        kept = ", ".join(
            f"{name.rpartition('.')[2]} {size / self.districts / 1000:.1f}"
            for name, size in self.kept.items()
        )
        done = "" if self.districts == self.asked else (
            f" Only {self.districts} of {self.asked} districts were done in time."
        )  # fmt: skip
        wall = self.wall / self.districts * _FLEET / 3600
        return (
            f"{engine}, {night}: {_FLEET:,} districts of {students:,} are "
            f"{self.cpu * _FLEET:,.0f} CPU seconds, {self.cpu * _FLEET / cores / 3600:.1f} hours "
            f"on {cores} cores that do nothing else; at the pace measured here, the sandbox "
            f"included, {wall:.1f} hours. They keep {_gigabytes(self.kept, self.districts):.1f} GB "
            f"and write {self.wal / self.districts * _FLEET / 1e9:.1f} GB of WAL; kB kept a "
            f"district: {kept}.{done}"
        )


def _gigabytes(kept: dict[str, int], districts: int) -> float:
    return sum(kept.values()) / districts * _FLEET / 1e9


class Engine:
    """Programs that execute what is queued, and what they have used so far."""

    def __init__(self, instance: dg.DagsterInstance, url: str, workspace: Path, hosts: int) -> None:
        self.instance, self.url, self.workspace, self.hosts = instance, url, workspace, hosts
        self.programs: dict[str, int] = {}

    def night(self, slugs: list[str], seconds: float) -> Cost:
        """One night of these districts, as far as it gets in so many seconds."""
        sizes = self._sizes()
        before, began = self._used(), time.monotonic()
        thread = time.thread_time()
        runs = self._ask(slugs)
        asking = time.thread_time() - thread
        while (done := self._count(runs, FINISHED_STATUSES)) < len(runs):
            if time.monotonic() - began > seconds:
                break
            time.sleep(2)
        wall = time.monotonic() - began
        time.sleep(3)  # what follows a run: sensors, the last events
        after = self._used()
        good = self._count(runs, [dg.DagsterRunStatus.SUCCESS])
        if good < done or not good:
            sys.exit(f"{good} of {done} runs that ended went well, of {len(runs)} asked for")
        grown = {name: size - sizes[name] for name, size in self._sizes().items()}
        parts = {part: after[0][part] - before[0][part] for part in after[0]}
        parts["daemon"] += asking  # the daemon's own work, done here
        return Cost(
            good, len(runs), self._changed(runs), parts, wall, after[1] - before[1],
            after[2] - before[2], *self._events(runs), grown,
        )  # fmt: skip

    def _count(self, runs: list[str], statuses: Sequence[dg.DagsterRunStatus]) -> int:
        return self.instance.get_runs_count(RunsFilter(run_ids=runs, statuses=list(statuses)))

    def _changed(self, runs: list[str]) -> float:
        """The share of tonight's students of whom, or of whose guardians, something changed."""
        with connect(self.url) as connection:
            row = connection.execute(
                """
                select sum(n.changed)::float / nullif(sum((s.counts ->> 'students_sent')::int), 0)
                from syncs s cross join lateral (
                    select count(distinct student_id) as changed from changes c
                    where c.sync_id = s.id) n
                where s.run_id = any(%s)
                """,
                (runs,),
            ).fetchone()
        return float(row[0] or 0) if row else 0.0

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
            for number, slug in enumerate(slugs):
                tags = {
                    **job.run_tags,
                    **run_tags(registry.get(slug), kind="benchmark"),
                    "host": f"skyward-{number % self.hosts}.example",
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

    def _events(self, runs: list[str]) -> tuple[int, int]:
        with connect(self.url) as connection:
            row = connection.execute(
                "select count(*), coalesce(sum(length(event)), 0) from dagster.event_logs "
                "where run_id = any(%s)",
                (runs,),
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
        engine = Engine(instance, url, fleet.workspace, hosts=max(workers, 1))
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
