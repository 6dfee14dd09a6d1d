"""Publish a night and be killed (signal 9) before the n-th statement; run as a child process.

    python -m samegoal_sync_tests.samegoal.killed_night DATABASE_URL N

Prints the number of statements when N is beyond the last.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    STARTED,
    curated_guardians,
    curated_students,
    district,
    guardian,
    student,
)


def old_night() -> tuple[Any, Any]:
    return (
        curated_students([student(n) for n in range(12)]),
        curated_guardians([guardian(n, of=n) for n in range(12)]),
    )


def new_night() -> tuple[Any, Any]:
    """Students changed, renamed, swapped, closed, new, missing; guardians changed, new, removed."""
    students = [student(n, grade="08") for n in range(1, 8)]
    renamed = student(8, student_id="NEW8")
    swapped = [student(9, student_id="S000010"), student(10, student_id="S000009")]
    taken = student(30, student_id="S000011")
    new = [student(n) for n in range(20, 25)]
    pairs = [guardian(n, of=n, email=None) for n in range(1, 4)]
    more = [guardian(100 + n, of=n) for n in range(20, 25)]
    return curated_students([*students, renamed, *swapped, taken, *new]), curated_guardians(
        [*pairs, *more]
    )


def main(database_url: str, doomed: int) -> None:
    execute = psycopg.Connection.execute
    statements = 0

    def counted(self: psycopg.Connection[Any], *args: Any, **options: Any) -> Any:
        nonlocal statements
        statements += 1
        if statements == doomed:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, *args, **options)

    psycopg.Connection.execute = counted  # type: ignore[method-assign]
    students, guardians = (replace(part, read_at=datetime.now(UTC)) for part in new_night())
    publish(
        database_url,
        district(),
        students,
        guardians,
        run_id="killed",
        night=NIGHT,
        started_at=STARTED,
    )
    print(statements)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
