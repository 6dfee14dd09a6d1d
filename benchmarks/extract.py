"""Reading a district: our client beside others, from the same sandbox, the same bytes.

    python benchmarks/extract.py                       20,000 students, 2 rounds, prints the table
    python benchmarks/extract.py --students 100000     the largest district that we promise
    python benchmarks/extract.py --sweep               page sizes and threads of our client
    python benchmarks/extract.py --write               also keeps the table in docs/performance

The sandbox runs in a process of its own and each contestant in a fresh one, one after the
other, in turn. CPU and wall seconds are those of reading alone: imports, login and the start
of the process don't count. Peak memory is the whole process's. The floor is
``polars.read_json`` over bytes that are in memory already. dlt runs in three ways: its rest_api
source merely iterated, extracted by a pipeline into its own files, and run through to typed
tables (duckdb), which is what our client's frames are to be compared with.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from samegoal_sync.qmlativ.catalog import CATALOG, RawAsset

PAGE_SIZE = 10_000
TODAY = date(2026, 11, 24)
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance" / "extract.md"
Measured = dict[str, float]


# -- the contestants: each reads every object of the catalog and says how many rows ----------


def ours(access: dict[str, str]) -> Callable[[], float]:
    """Our client, all three raw assets."""
    from samegoal_sync.qmlativ.client import QmlativClient
    from samegoal_sync.qmlativ.http.connection import Connection
    from samegoal_sync.qmlativ.http.limits import Limits
    from samegoal_sync.secret import Secret

    connection = Connection(
        access["url"], access["key"], Secret(access["secret"]), allow_loopback=True
    )
    limits = Limits(
        page_size=int(access.get("page_size", PAGE_SIZE)), threads=int(access.get("threads", 4))
    )
    client = QmlativClient(connection, limits=limits)
    client.system_metadata()

    def run() -> float:
        # One asset after the other, and none kept: as the three Dagster assets do.
        return sum(client.read(asset).statistics["rows"] for asset in RawAsset)

    return run


def requests_and_dicts(access: dict[str, str]) -> Callable[[], float]:
    """requests, response.json() and lists of dicts: what most connectors do."""
    session = _logged_in(access)

    def run() -> float:
        rows = 0
        for item in CATALOG:
            for page in _pages(session, access["url"], item.name, list(item.schema)):
                kept = page.json()["Objects"]
                rows += len(kept)
        return rows

    return run


def read_json_floor(access: dict[str, str]) -> Callable[[], float]:
    """polars.read_json on the Objects of every page, in memory already."""
    import polars as pl

    session, bodies = _logged_in(access), []
    for item in CATALOG:
        for page in _pages(session, access["url"], item.name, list(item.schema)):
            body = page.content
            array = body[body.index(b"[", body.index(b'"Objects"')) : body.rindex(b"]") + 1]
            bodies.append((array, item.schema))

    def run() -> float:
        filled = [(array, schema) for array, schema in bodies if len(array) > 2]
        return sum(pl.read_json(array, schema=schema).height for array, schema in filled)

    return run


def dlt_iterated(access: dict[str, str]) -> Callable[[], float]:
    """dlt's rest_api source, its pages iterated and thrown away."""
    source = _dlt_source(access)

    def run() -> float:
        return sum(1 for _ in source)

    return run


def dlt_extracted(access: dict[str, str]) -> Callable[[], float]:
    """dlt's rest_api source, extracted by a pipeline (not yet normalized or loaded)."""
    import dlt

    source = _dlt_source(access)
    folder = tempfile.mkdtemp(prefix="dlt-")
    pipeline = dlt.pipeline("extract", pipelines_dir=folder, destination="duckdb")

    def run() -> float:
        info = pipeline.extract(source)
        metrics = next(iter(info.metrics.values()))[0]["resource_metrics"]
        return sum(one.items_count for name, one in metrics.items() if not name.startswith("_dlt"))

    return run


def dlt_typed(access: dict[str, str]) -> Callable[[], float]:
    """dlt's rest_api source, run through to typed tables in duckdb."""
    import dlt

    source = _dlt_source(access)
    folder = tempfile.mkdtemp(prefix="dlt-")
    target = dlt.destinations.duckdb(f"{folder}/rows.duckdb")
    pipeline = dlt.pipeline("typed", pipelines_dir=folder, destination=target)

    def run() -> float:
        pipeline.run(source)
        counts = pipeline.last_trace.last_normalize_info.row_counts
        return sum(count for name, count in counts.items() if not name.startswith("_dlt"))

    return run


CONTESTANTS = {
    one.__name__: one
    for one in (ours, requests_and_dicts, dlt_iterated, dlt_extracted, dlt_typed, read_json_floor)
}


def _logged_in(access: dict[str, str]) -> Any:
    import requests

    session = requests.Session()
    form = {
        "grant_type": "client_credentials",
        "client_id": access["key"],
        "client_secret": access["secret"],
    }
    token = session.post(f"{access['url']}/oauth/token", data=form).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def _pages(session: Any, url: str, name: str, fields: list[str]) -> Iterator[Any]:
    page, sort = 1, {"SearchSort": [{"FieldName": fields[0], "Descending": False}]}
    while True:
        answer = session.post(
            f"{url}/Custom/1/{name}/{page}/{PAGE_SIZE}", params={"searchFields": fields}, json=sort
        )
        answer.raise_for_status()
        yield answer
        # Next stands within the first bytes; parsing all of it for that would not be fair.
        if b'"Next":null' in answer.content[:200].replace(b" ", b""):
            return
        page += 1


def _dlt_source(access: dict[str, str]) -> Any:
    from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
    from dlt.sources.helpers.rest_client.paginators import BasePaginator
    from dlt.sources.rest_api import rest_api_source

    class NextPath(BasePaginator):
        """Paging.Next is a path below the base, without a query."""

        def update_state(self, response: Any, data: Any = None) -> None:
            self._next = response.json()["Paging"]["Next"]
            self._has_next_page = bool(self._next)

        def update_request(self, request: Any) -> None:
            if self._next:
                request.url = access["url"] + self._next

    auth = OAuth2ClientCredentials(
        access_token_url=f"{access['url']}/oauth/token",
        client_id=access["key"],
        client_secret=access["secret"],
    )
    resources = [
        {
            "name": item.name.replace("/", "_").lower(),
            "endpoint": {
                "path": f"Custom/1/{item.name}/1/{PAGE_SIZE}",
                "method": "POST",
                "params": {"searchFields": list(item.schema)},
                "json": {"SearchSort": [{"FieldName": item.primary_key, "Descending": False}]},
                "data_selector": "Objects",
                "paginator": NextPath(),
            },
        }
        for item in CATALOG
    ]
    client = {"base_url": access["url"] + "/", "auth": auth}
    return rest_api_source({"client": client, "resources": resources})  # type: ignore[typeddict-item,list-item]


# -- measuring --------------------------------------------------------------------------------


def measure(name: str, access: dict[str, str]) -> Measured:
    """Run one contestant in this process."""
    run = CONTESTANTS[name](access)
    wall, cpu = time.perf_counter(), time.process_time()
    rows = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": float(rows), "wall": wall, "cpu": cpu, "peak": peak}


def _in_a_process(name: str, access: dict[str, str]) -> Measured:
    command = [sys.executable, __file__, "--contestant", name]
    quiet = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        command, input=json.dumps(access), capture_output=True, text=True, check=False, env=quiet
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


def _serve(students: int, sender: Any) -> None:
    from samegoal_sync.sandbox import SandboxDistrict, running_sandbox

    district = SandboxDistrict("bench", "Bench ISD", students, today=TODAY)
    with running_sandbox([district]) as sandbox:
        sandbox.create_access("bench", key="bench")
        secret = sandbox.generate_secret("bench", "bench")
        sender.send({"url": sandbox.base_url("bench"), "key": "bench", "secret": secret})
        sender.recv()


@contextmanager
def _sandbox(students: int) -> Iterator[dict[str, str]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(students, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("enough")
        process.join(30)


def compare(access: dict[str, str], names: list[str], rounds: int) -> dict[str, Measured]:
    """Medians of so many rounds, the contestants in turn; the first round only warms up."""
    runs: dict[str, list[Measured]] = {name: [] for name in names}
    _in_a_process("ours", access)
    for _ in range(rounds):
        for name in names:
            runs[name].append(_in_a_process(name, access))
    return {
        name: {key: statistics.median(one[key] for one in many) for key in many[0]}
        for name, many in runs.items()
    }


def table(results: dict[str, Measured]) -> str:
    """A Markdown table; everything as a ratio to ours beside the figures themselves."""
    rows = results["ours"]["rows"]
    mine = rows / results["ours"]["cpu"]
    lines = [
        "| reader | rows a CPU second | ours is | wall s | CPU s | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, one in results.items():
        speed = rows / one["cpu"]
        lines.append(
            f"| {name.replace('_', ' ')} | {speed:,.0f} | {mine / speed:.2f} times | "
            f"{one['wall']:.2f} | {one['cpu']:.2f} | {one['peak']:,.0f} |"
        )
    return "\n".join(lines)


def sweep(access: dict[str, str]) -> str:
    """Our client with other page sizes and numbers of threads."""
    lines = ["| page size | threads | wall s | CPU s | peak MB |", "|---:|---:|---:|---:|---:|"]
    for size in (1_000, 2_500, 5_000, 10_000, 25_000):
        for threads in (1, 2, 4, 8) if size == PAGE_SIZE else (4,):
            changed = {**access, "page_size": str(size), "threads": str(threads)}
            one = _in_a_process("ours", changed)
            figures = f"{one['wall']:.2f} | {one['cpu']:.2f} | {one['peak']:,.0f}"
            lines.append(f"| {size:,} | {threads} | {figures} |")
    return "\n".join(lines)


def _machine() -> str:
    import polars

    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, "
        f"polars {polars.__version__}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(CONTESTANTS))
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        print(json.dumps(measure(options.contestant, json.load(sys.stdin))))
        return
    with _sandbox(options.students) as access:
        results = compare(access, options.only or list(CONTESTANTS), options.rounds)
        told = [
            f"{options.students:,} students, {results['ours']['rows']:,.0f} rows, "
            f"{options.rounds} rounds (medians), {_machine()}.",
            table(results),
        ]
        if options.sweep:
            told.append(sweep(access))
    print("\n\n".join(told))
    if options.write:
        _keep("\n\n".join(told))


def _keep(told: str) -> None:
    """Put the figures into their place in the document; the words around them stay."""
    begin, end = "<!-- figures: benchmarks/extract.py --write -->", "<!-- end of figures -->"
    before, _, rest = DOCUMENT.read_text().partition(begin)
    after = rest.partition(end)[2]
    DOCUMENT.write_text(f"{before}{begin}\n{told}\n{end}{after}")


if __name__ == "__main__":
    main()
