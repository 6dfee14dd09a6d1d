"""What a person and a tick wait for with a fleet of districts after a year of nights.

    python benchmarks/fleet_pages.py [--districts 300] [--days 60] [--runs 5]

One small district is imported for real, through Dagster; its sync and everything that its run left
in Dagster's storage is then copied for each district: a sync a day for the year, a run a night for
as many nights as Dagster's runs are kept. Then pages, commands and sensors' ticks are timed, each
twice: the second time is shown, and the first where it took half as long again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import requests

from samegoal_sync.commands.child_programs import running_program, wait_until_listening
from samegoal_sync.database import connect, running_database
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.digest import digest
from samegoal_sync.districts.monitoring.district_status import overall_status, with_trends
from samegoal_sync.districts.monitoring.expiry import warn_of_expiry
from samegoal_sync.districts.monitoring.night_requests import ask_for_due_nights
from samegoal_sync.districts.monitoring.pause_reminders import remind_of_pauses
from samegoal_sync.districts.monitoring.post_run import process_ended_runs
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline import sensors
from samegoal_sync.pipeline.decision_sensor import decisions_on_held_nights
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import dagster_instance, pipeline_environment
from samegoal_sync.pipeline.launching import import_districts
from samegoal_sync.pipeline.pruning import latest_runs, prune_runs
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.sandbox import SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

# The tests' browser is beside this folder, not in the package.
sys.path.insert(0, str(CHECKOUT))
from samegoal_sync_tests.commands.command_line import free_ports
from samegoal_sync_tests.portal.conftest import PASSWORD, Person, served

#: The district that is imported; no other name holds this one.
_MODEL = "modeldistrict-zq"
_KEY = "samegoal-demographics"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--districts", type=int, default=300)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--home", type=Path, help="Keep the database in this folder, and use it.")
    arguments = parser.parse_args()
    home = arguments.home or Path(tempfile.mkdtemp(prefix="sg-"))
    made = (home / "made").exists()
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    settings = Settings(home=home / "d", storage=home / "s", allow_loopback=True)
    try:
        with running_database(settings) as url:
            os.environ.update(pipeline_environment(settings, url))
            with dagster_instance(settings, url) as instance:
                if not made:
                    build(settings, url, arguments.districts, arguments.days, arguments.runs)
                    (home / "made").touch()
                measure(settings, url, instance)
    finally:
        if arguments.home is None:
            shutil.rmtree(home, ignore_errors=True)


def build(settings: Settings, url: str, districts: int, days: int, runs: int) -> None:
    """Import one district and copy it."""
    began = time.monotonic()
    with running_sandbox([SandboxDistrict(_MODEL, _MODEL, 60, seed=1)]) as sandbox:
        sandbox.create_access(_MODEL, _KEY)
        registry = Registry(settings, url)
        registry.add(
            slug=_MODEL, name="Model", base_url=sandbox.base_url(_MODEL), client_key=_KEY,
            who="bench", contacts=("office@model.example",),
        )  # fmt: skip
        registry.store_secret(_MODEL, Secret(sandbox.generate_secret(_MODEL, _KEY)), "bench")
        registry.set_state(_MODEL, DistrictState.ACTIVE, "bench")
        (outcome,) = import_districts(settings, url, [_MODEL])
        assert outcome.state == "published", outcome
    with connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        _copy_ours(connection, outcome.run_id, districts, days)
        print(f"our tables: {time.monotonic() - began:.0f} s", flush=True)
        connection.execute("set search_path = dagster")
        connection.execute(
            "insert into dynamic_partitions (partitions_def_name, partition) "
            "select 'district', slug from samegoal.districts where slug <> %s",
            (_MODEL,),
        )
        for night in range(runs - 1, -1, -1):
            _copy_night(connection, outcome.run_id, night)
        connection.execute("vacuum analyze")
        row = connection.execute(
            "select pg_size_pretty(pg_database_size(current_database())), "
            "(select count(*) from event_logs), (select count(*) from samegoal.syncs)"
        ).fetchone()
    assert row
    print(
        f"{districts:,} districts, {days} days of syncs, {runs} nights of runs: {row[0]}, "
        f"{row[1]:,} events, {row[2]:,} syncs, built in {time.monotonic() - began:.0f} s"
    )


def _copy_ours(connection: Any, run_id: str, districts: int, days: int) -> None:
    connection.execute(
        """
        insert into districts (slug, name, state, base_url, client_key, mail_domain, contacts,
            expires_on)
        select 'district-' || lpad(n::text, 4, '0'), 'District ' || n, 'active',
            'https://skyward.example.com/' || n, 'KEY', 'd' || n || '.example', contacts,
            current_date + 5 + n %% 400
        from districts, generate_series(1, %s) n where slug = %s
        """,
        (districts - 1, _MODEL),
    )
    # Oldest first, so that ids follow time; in the last night one of a hundred failed, one is held.
    connection.execute(
        """
        insert into syncs (district, run_id, night, kind, state, started_at, finished_at, counts,
            findings, absent_columns, message, hint, actor)
        select d.slug, gen_random_uuid()::text, (now() - day * interval '1 day')::date, 'night',
            case when day = 0 and right(d.slug, 2) = '07' then 'failed'
                 when day = 0 and right(d.slug, 2) = '08' then 'held'
                 when day %% 7 = 0 then 'published' else 'unchanged' end,
            now() - day * interval '1 day' - interval '2 hours',
            now() - day * interval '1 day' - interval '2 hours' + interval '20 seconds',
            s.counts, s.findings, s.absent_columns, s.message, s.hint, s.actor
        from generate_series(%s, 0, -1) day, districts d, syncs s
        where s.run_id = %s and d.slug <> %s
        """,
        (days - 1, run_id, _MODEL),
    )
    connection.execute(
        """
        insert into nights (district, night, due_at, attempt, asked_at, run_id, closed_at)
        select district, night, started_at, 1, started_at, run_id, finished_at from syncs
        where started_at > now() - interval '60 days' on conflict do nothing
        """
    )
    connection.execute(
        "insert into settled_syncs (sync_id, district) select id, district from syncs "
        "where finished_at < now() - interval '1 day' on conflict do nothing"
    )


def _copy_night(connection: Any, run_id: str, night: int) -> None:
    """A run of each district: its row, tags, events and check results, moved in time."""
    connection.execute(
        "create temp table copied on commit preserve rows as select slug, run_id new_id, "
        "started_at at time zone 'UTC' began, finished_at at time zone 'UTC' ended "
        "from samegoal.syncs, samegoal.districts where district = slug and slug <> %s "
        "and night = (now() - %s * interval '1 day')::date and run_id <> %s",
        (_MODEL, night, run_id),
    )
    values = {"run": run_id, "model": _MODEL}

    def text(column: str) -> str:
        return f"replace(replace({column}, %(run)s, new_id), %(model)s, c.slug)"

    connection.execute(
        f"""
        insert into runs (run_id, snapshot_id, pipeline_name, mode, status, run_body, partition,
            partition_set, create_timestamp, update_timestamp, start_time, end_time)
        select new_id, snapshot_id, pipeline_name, mode, status, {text("run_body")},
            c.slug, partition_set, c.began, c.ended, extract(epoch from c.began),
            extract(epoch from c.ended)
        from runs, copied c where run_id = %(run)s
        """,
        values,
    )
    connection.execute(
        f"insert into run_tags (run_id, key, value) select new_id, key, {text('value')} "
        "from run_tags, copied c where run_id = %(run)s",
        values,
    )
    connection.execute(
        f"""
        insert into event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key,
            partition)
        select new_id, {text("event")}, dagster_event_type, c.began, step_key, asset_key,
            case when partition is not null then c.slug end
        from copied c, (select * from event_logs where run_id = %(run)s order by id) e
        """,
        values,
    )
    connection.execute(
        f"""
        insert into asset_event_tags (event_id, asset_key, key, value, event_timestamp)
        select n.id, t.asset_key, t.key, {text("t.value")}, c.began
        from asset_event_tags t join event_logs e on e.id = t.event_id and e.run_id = %(run)s
        cross join copied c
        join event_logs n on n.run_id = c.new_id and n.asset_key = e.asset_key
            and n.dagster_event_type = e.dagster_event_type
        """,
        values,
    )
    connection.execute(
        f"""
        insert into asset_check_executions (asset_key, check_name, partition, run_id,
            execution_status, evaluation_event, evaluation_event_timestamp,
            evaluation_event_storage_id, materialization_event_storage_id, create_timestamp)
        select asset_key, check_name, c.slug, new_id, execution_status,
            {text("evaluation_event")}, c.began, evaluation_event_storage_id,
            materialization_event_storage_id, c.began
        from asset_check_executions, copied c where run_id = %(run)s
        """,
        values,
    )
    connection.execute("drop table copied")
    print(f"night {night}", end=" ", flush=True)


def measure(settings: Settings, url: str, instance: dg.DagsterInstance) -> None:
    """Print a line for each thing that somebody waits for."""
    registry, now = Registry(settings, url), datetime.now(UTC)
    print(f"load before {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores")
    print(f"{'':52}{'seconds':>9}{'first':>9}")
    statuses = overall_status(url, now)
    told("status, all districts", lambda: overall_status(url, now))
    told("status, with trends", lambda: with_trends(url, statuses))
    told("digest, from them", lambda: digest(statuses))
    print(f"    lines of the digest: {len(digest(statuses).splitlines())}")
    _portal(settings, url)
    tomorrow = now + timedelta(days=1)
    active = registry.active()
    told("schedule: all nights due", lambda: ask_for_due_nights(url, active, tomorrow, _no_runs),
         again=False)  # fmt: skip
    told("schedule: none due", lambda: ask_for_due_nights(url, active, tomorrow, _no_runs))
    told("settle: every night of the fleet", lambda: process_ended_runs(registry, now), again=False)
    told("settle: nothing ended", lambda: process_ended_runs(registry, now))
    told("expiry: those that are due", lambda: warn_of_expiry(registry, (), now), again=False)
    told("expiry: none is due", lambda: warn_of_expiry(registry, (), now))
    told("pauses", lambda: remind_of_pauses(registry, now))
    with dg.build_sensor_context(instance=instance) as context:
        told("sensor districts_fresh, 500 at once",
             lambda: sensors.districts_fresh(context), again=False)  # fmt: skip
        told("sensor sync_partitions", lambda: sensors.sync_partitions(context))
        told("sensor orphaned_runs", lambda: sensors.orphaned_runs(context))
        told("sensor decisions_on_held_nights", lambda: decisions_on_held_nights(context))
    told("prune: which runs are kept", lambda: latest_runs(instance))
    told("prune: nothing is old", lambda: prune_runs(instance, now))
    with _webserver(settings, url) as address:
        for name, query in _DAGSTER_PAGES.items():
            told(f"Dagster: {name}", lambda query=query: _asked(address, query))


def _no_runs(_night: object) -> set[str]:
    return set()


def told(what: str, work: Callable[[], object], *, again: bool = True) -> None:
    """Time it and print it."""
    seconds = []
    for _ in range(1 + again):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    first = f"{seconds[0]:9.2f}" if again and seconds[0] > 1.5 * seconds[-1] else ""
    print(f"{what:52}{seconds[-1]:9.2f}{first}", flush=True)


def _portal(settings: Settings, url: str) -> None:
    with connect(url) as connection:
        connection.execute("delete from portal_users")
    add_user(url, "team", Secret(PASSWORD), name="T", role=Role.TECHNICAL_TEAM)
    with served(create_app(settings, url)) as base, requests.Session() as http:
        person = Person(base, http)
        assert person.sign_in("team").status_code == 303
        told("portal: All districts", lambda: person.get("/team").raise_for_status())
        print(f"    kB of the page: {len(person.get('/team').content) / 1000:,.0f}")
        page = "/d/district-0012/district-information"
        told("portal: District Information", lambda: person.get(page).raise_for_status())


@contextmanager
def _webserver(settings: Settings, url: str) -> Iterator[str]:
    (port,) = free_ports(1)
    log = settings.home / "web.log"
    with running_program(
        ("-m", "dagster_webserver", "-w", str(CHECKOUT / "workspace.yaml"), "-h", "127.0.0.1",
         "-p", str(port)),
        pipeline_environment(settings, url),
        log,
    ) as program:  # fmt: skip
        wait_until_listening(program, port, "Dagster UI", log, seconds=180)
        yield f"http://127.0.0.1:{port}"


#: What Dagster's own pages ask for, as their queries read.
_DAGSTER_PAGES = {
    "asset, its partitions": """{ assetNodeOrError(assetKey: {path: ["samegoal", "students"]}) {
        ... on AssetNode { partitionKeysByDimension { name partitionKeys }
        assetPartitionStatuses { ... on DefaultPartitionStatuses {
            materializedPartitions failedPartitions materializingPartitions } } } } }""",
    "asset, one partition": """{ assetNodeOrError(assetKey: {path: ["samegoal", "students"]}) {
        ... on AssetNode { latestMaterializationByPartition(partitions: ["district-0012"]) {
            timestamp runId metadataEntries { label } }
        assetChecksOrError { ... on AssetChecks { checks { name
            executionForLatestMaterialization { status } } } } } } }""",
    "asset, its check's partitions": """{ assetCheckExecutions(
        assetKey: {path: ["samegoal", "students"]}, checkName: "within_guards", limit: 25) {
        runId status timestamp } }""",
    "asset, events": """{ assetOrError(assetKey: {path: ["samegoal", "students"]}) { ... on Asset {
        assetMaterializations(limit: 50) { timestamp runId partition } } } }""",
    "catalog, all assets' health": """{ assetNodes { assetKey { path } partitionStats {
        numMaterialized numFailed numMaterializing numPartitions }
        assetMaterializations(limit: 1) { timestamp } } }""",
    "runs, first page": """{ runsOrError(limit: 25) { ... on Runs { results { runId status
        startTime endTime jobName tags { key value } assetSelection { path } } count } } }""",
    "runs of one district": """{ runsOrError(limit: 25, filter: {tags: [{key: "dagster/partition",
        value: "district-0012"}]}) { ... on Runs { results { runId status startTime } } } }""",
    "job import_district, its runs": """{ pipelineOrError(params: {pipelineName: "import_district",
        repositoryName: "__repository__", repositoryLocationName: "samegoal_sync"}) {
        ... on Pipeline { name partitionKeysOrError { partitionKeys }
            runs(limit: 25) { runId status } } } }""",
    "timeline, last 12 hours": """{ runs: runsOrError(limit: 500, filter: {statuses: [SUCCESS,
        FAILURE, CANCELED]}) { ... on Runs { results { runId jobName status startTime endTime
        repositoryOrigin { repositoryName } } } } }""",
    "automation, ticks": """{ sensorsOrError(repositorySelector: {repositoryName: "__repository__",
        repositoryLocationName: "samegoal_sync"}) { ... on Sensors { results { name
        sensorState { status ticks(limit: 1) { timestamp status } } } } } }""",
}


def _asked(address: str, query: str) -> None:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(
        f"{address}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        found = json.load(answer)
    if "errors" in found:
        raise SystemExit(f"{query[:60]}: {json.dumps(found['errors'])[:600]}")


if __name__ == "__main__":
    main()
