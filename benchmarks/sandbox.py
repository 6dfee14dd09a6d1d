"""The sandbox's own limit: how fast it serves a whole district to a client that only receives.

    python benchmarks/sandbox.py [--students 100000] [--page-size 10000]

What is measured elsewhere against the sandbox must stay well below these figures. The first read
makes every page; the later ones find them kept. The client is a process of its own.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import resource
import time
from datetime import date
from functools import partial
from multiprocessing.pool import ThreadPool
from urllib.parse import urlencode, urlsplit

import requests

from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox

SLUG = "big-isd"
CONNECTIONS = 4
Page = tuple[str, str]


def _receive(base: str, token: str, pages: list[Page]) -> int:
    """Read pages over one connection and count bytes."""
    address = urlsplit(base)
    connection = http.client.HTTPConnection(address.netloc)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    received = 0
    for path, body in pages:
        connection.request("POST", address.path + path, body=body, headers=headers)
        answer = connection.getresponse()
        received += len(answer.read())
        assert answer.status == 200, answer.status
    return received


def _read_all(base: str, token: str, pages: list[Page]) -> tuple[int, float]:
    """Bytes and seconds of one read over several connections."""
    started = time.perf_counter()
    shares = [pages[number::CONNECTIONS] for number in range(CONNECTIONS)]
    with ThreadPool(CONNECTIONS) as pool:
        received = sum(pool.map(partial(_receive, base, token), shares))
    return received, time.perf_counter() - started


def _pages(sandbox: Sandbox, size: int) -> tuple[list[Page], int]:
    """Every page of every object of the catalog, sorted by key, and how many rows they hold."""
    pages: list[Page] = []
    rows = 0
    for item in CATALOG:
        height = sandbox.tables(SLUG)[item.name].height
        rows += height
        query = urlencode([("searchFields", field.name) for field in item.fields])
        body = json.dumps({"SearchSort": [{"FieldName": item.primary_key, "Descending": False}]})
        last = max(1, -(-height // size))
        pages += [
            (f"/Custom/1/{item.name}/{page}/{size}?{query}", body) for page in range(1, last + 1)
        ]
    return pages, rows


def _log_in(sandbox: Sandbox) -> str:
    sandbox.create_access(SLUG, "BENCH")
    form = {
        "grant_type": "client_credentials",
        "client_id": "BENCH",
        "client_secret": sandbox.generate_secret(SLUG, "BENCH"),
    }
    answer = requests.post(f"{sandbox.base_url(SLUG)}/oauth/token", data=form, timeout=30)
    token: str = answer.json()["access_token"]
    return token


def main() -> None:
    """Print generation, three reads, one day on, and the peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--page-size", type=int, default=10_000)
    arguments = parser.parse_args()
    district = SandboxDistrict(SLUG, "Big ISD", arguments.students, today=date(2026, 11, 25))
    started = time.perf_counter()
    with (
        running_sandbox([district]) as sandbox,
        multiprocessing.get_context("spawn").Pool(1) as client,
    ):
        print(f"generated and served after {time.perf_counter() - started:.2f} s")
        pages, rows = _pages(sandbox, arguments.page_size)
        base, token = sandbox.base_url(SLUG), _log_in(sandbox)
        for name in ("pages made", "pages kept", "pages kept"):
            received, seconds = client.apply(_read_all, (base, token, pages))
            print(
                f"{name}: {rows:,} rows, {received / 1e6:.0f} MB in {seconds:.2f} s "
                f"({rows / seconds:,.0f} rows/s, {received / 1e6 / seconds:.0f} MB/s)"
            )
        started = time.perf_counter()
        sandbox.advance(SLUG)
        print(f"one day on: {time.perf_counter() - started:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the sandbox: {peak:.0f} MB")


if __name__ == "__main__":
    main()
