"""Server time of the portal's pages at full size, over real HTTP.

    python benchmarks/portal.py [--students 100000] [--rounds 20]

Each page is asked for on a warm connection, the median and the slowest of the rounds are told in
milliseconds, with the sequential scans over students that all of it caused (there must be none).
The floor is the sign-in page, which reads one row.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from samegoal_sync.database import connect, running_database
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

# The tests' browser and their large district are beside this folder, not in the package.
sys.path.insert(0, str(Path(__file__).parents[1]))
from samegoal_sync_tests.portal.caseloads import assign_all_buildings
from samegoal_sync_tests.portal.conftest import PASSWORD, Person, served
from samegoal_sync_tests.portal.many_students import add_many

SLUG = "large-isd"
DISTRICTS = 500
_LIST = f"/d/{SLUG}/students"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="sg-"))
    home.chmod(0o755)
    settings = Settings(home=home / "d", storage=home / "s")
    try:
        with running_database(settings) as url:
            started = time.perf_counter()
            add_many(url, SLUG, arguments.students)
            print(
                f"{arguments.students:,} students written in {time.perf_counter() - started:.1f} s"
            )
            add_user(url, "teacher", Secret(PASSWORD), name="T", role=Role.TEACHER, district=SLUG)
            assign_all_buildings(url, "teacher")
            add_user(url, "team", Secret(PASSWORD), name="T", role=Role.TECHNICAL_TEAM)
            add_fleet(url)
            with served(create_app(settings, url)) as base, requests.Session() as http:
                measure(url, Person(base, http), arguments.rounds)
                print(f"for the technical team, with {DISTRICTS:,} other districts:")
                with requests.Session() as team:
                    measure_team(Person(base, team), arguments.rounds)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def add_fleet(url: str) -> None:
    """Sixty nights of the district, and other districts with as many."""
    with connect(url) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key) select 'd-' || n, "
            "'District ' || n, 'active', 'https://d.example/' || n, 'KEY' "
            "from generate_series(1, %s) n",
            (DISTRICTS,),
        )
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, counts) "
            "select slug, 'night-' || n, current_date - 60 + n, 'published', now(), "
            "jsonb_build_object('students_sent', 1000 + n, 'students_added', n) "
            "from districts, generate_series(1, 60) n"
        )
    with connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze syncs")


def measure_team(person: Person, rounds: int) -> None:
    """Print a line a page of those who see every district."""
    person.sign_in("team")
    pages = {
        "District Information": f"/d/{SLUG}/district-information",
        "All districts": "/team",
        "All districts, searched": "/team?find=District+12",
    }
    for name, address in pages.items():
        tell(name, timed(lambda address=address: person.get(address), rounds))


def measure(url: str, person: Person, rounds: int) -> None:
    """Print a line a page."""
    floor = timed(lambda: person.get("/sign-in"), rounds)
    person.sign_in("teacher")
    token = person.token()
    page = person.get(_LIST).text
    links = re.findall(rf'href="({_LIST}/[0-9a-f-]+)"', page)
    document = person.send(f"{links[0]}/documents", {"csrf": token, "kind": "iep"})
    pages: dict[str, Callable[[], requests.Response]] = {
        "list, first page": lambda: person.get(_LIST),
        "list, page after": lambda: person.get(f"{_LIST}?after={links[-1].split('/')[-1]}"),
        "Details": lambda: person.get(links[7]),
        "document": lambda: person.get(document.headers["location"]),
        "PDF": lambda: person.get(document.headers["location"] + "/pdf"),
    }
    searches = {
        "one letter": {"text": "s"},
        "last name": {"text": "garciaa"},
        "both names": {"text": "maria lopez"},
        "Student Id": {"text": "150001"},
        "rare status": {"status": "GRADUATED"},
        "school and grade": {"building": "School 17", "grade": "05"},
        "grade, rare status": {"grade": "05", "status": "GRADUATED"},
        "nobody": {"text": "zzzz"},
    }
    before = sequential_scans(url)
    print(f"{'page':32}{'median ms':>10}{'slowest ms':>12}")
    tell("sign-in (floor)", floor)
    for name, ask in pages.items():
        tell(name, timed(ask, rounds))
    for name, fields in searches.items():
        sent = {"csrf": token, **fields}
        tell(
            f"typed: {name}",
            timed(
                lambda sent=sent: person.send(_LIST, sent, headers={"hx-request": "true"}), rounds
            ),
        )
    print(f"sequential scans over students: {sequential_scans(url) - before}")


def timed(ask: Callable[[], requests.Response], rounds: int) -> list[float]:
    """Milliseconds of each round, after one that is not counted."""
    ask()
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = ask()
        found.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.status_code
    return found


def tell(name: str, milliseconds: list[float]) -> None:
    print(f"{name:32}{statistics.median(milliseconds):>10.1f}{max(milliseconds):>12.1f}")


def sequential_scans(url: str) -> int:
    """Counted by Postgres since it began; its servers report about once a second."""
    time.sleep(2)
    with connect(url) as connection:
        row = connection.execute(
            "select seq_scan from pg_stat_user_tables where relname = 'students'"
        ).fetchone()
    assert row
    return int(row[0])


if __name__ == "__main__":
    main()
