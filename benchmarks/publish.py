"""Publication side by side: ours, row by row, and polars' own writer with a merge.

    python benchmarks/publish.py [--students 50000] [--guardians 85000]

Three nights each (first, 1 % changed, none changed) into one Postgres: seconds, WAL bytes, rows
written, and this process's peak memory. Peers write students and guardians only; ours also
records each changed field, keeps accounts, judges the guards and locks the district.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from psycopg import sql

from samegoal_sync.database import connect, running_database
from samegoal_sync.demographics.columns.curated_frames import (
    GUARDIAN_COLUMNS,
    KEEP,
    REJECT_COLUMNS,
    STUDENT_COLUMNS,
    Curated,
)
from samegoal_sync.district import District, DistrictState, Slug
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.settings import Settings

Frames = tuple[pl.DataFrame, pl.DataFrame]
_TABLES = (("students", ["student_id"]), ("guardians", ["student_id", "guardian_id"]))


@dataclass(frozen=True)
class Measure:
    seconds: float
    wal: int
    written: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=50_000)
    parser.add_argument("--guardians", type=int, default=85_000)
    arguments = parser.parse_args()
    frames = _frames(arguments.students, arguments.guardians)
    nights = {"first": frames, "1 % changed": _one_percent(frames), "none": _one_percent(frames)}
    home = Path(tempfile.mkdtemp(prefix="sg-"))
    home.chmod(0o755)
    try:
        with running_database(Settings(home=home / "d", storage=home / "s")) as url:
            ours = _run(url, "ours", nights, _ours)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"peak memory of this process so far: {peak:.0f} MB")
            _create_peer_tables(url)
            for name, way in (("polars + merge", _polars_merge), ("row by row", _row_by_row)):
                with connect(url) as connection:
                    connection.execute("truncate peer_students, peer_guardians")
                try:
                    _run(url, name, nights, way, beside=ours)
                except ModuleNotFoundError:
                    print(f"{name}: left out, polars' writer needs pandas and pyarrow")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(
    url: str,
    name: str,
    nights: dict[str, Frames],
    way: Callable[[str, Frames, str], None],
    beside: dict[str, Measure] | None = None,
) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for night, frames in nights.items():
        with _measured(url) as measure:
            way(url, frames, night)
        found[night] = one = measure()
        first = found["first"].seconds
        against = f"  {one.seconds / beside[night].seconds:6.1f} x ours" if beside else ""
        print(
            f"{name:15} {night:12} {one.seconds:8.2f} s  {one.seconds / first:5.2f} of first  "
            f"WAL {one.wal / 1e6:8.2f} MB  rows written {one.written:8}{against}",
            flush=True,
        )
    return found


@contextmanager
def _measured(url: str) -> Iterator[Callable[[], Measure]]:
    before = _counters(url)
    start = time.perf_counter()
    seconds = 0.0

    def measure() -> Measure:
        after = _counters(url)
        return Measure(seconds, after[0] - before[0], after[1] - before[1])

    yield measure
    seconds = time.perf_counter() - start


def _counters(url: str) -> tuple[int, int]:
    """WAL position, and rows inserted, updated and deleted in the published tables so far."""
    with connect(url, autocommit=True) as connection:
        time.sleep(1.2)  # a backend reports its counters when it ends or once a second
        row = connection.execute(
            """
            select (pg_current_wal_insert_lsn() - '0/0')::bigint,
                (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
                    from pg_stat_user_tables where relname in
                        ('students', 'guardians', 'changes', 'peer_students', 'peer_guardians'))
            """
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _ours(url: str, frames: Frames, night: str) -> None:
    district = District(
        Slug("bench"), "Bench", DistrictState.ACTIVE, "https://bench.example.org/api", "key"
    )
    with connect(url) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key) "
            "values ('bench', 'Bench', 'active', %s, 'key') on conflict do nothing",
            (district.base_url,),
        )
    students, guardians = (_curated(frame) for frame in frames)
    publication = publish(
        url,
        district,
        students,
        guardians,
        run_id=night,
        night=date(2026, 11, 24),
        started_at=datetime.now(UTC),
    )
    assert publication.state == ("unchanged" if night == "none" else "published"), publication


def _row_by_row(url: str, frames: Frames, _night: str) -> None:
    """``insert ... on conflict do update`` for each row, as most integrations do."""
    with connect(url) as connection, connection.cursor() as cursor:
        for (table, key), frame in zip(_TABLES, frames, strict=True):
            plain = frame.drop(KEEP)
            cursor.executemany(_upsert(table, key, plain.columns), plain.rows())


def _upsert(table: str, key: list[str], columns: list[str]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({}) on conflict ({}) do update set {}").format(
        sql.Identifier(f"peer_{table}"),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() for _ in columns),
        sql.SQL(", ").join(map(sql.Identifier, ["district", *key])),
        sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in columns if c not in key
        ),
    )


def _polars_merge(url: str, frames: Frames, _night: str) -> None:
    """``polars.DataFrame.write_database`` into a staging table, then one upsert of all rows."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: connect(url), insertmanyvalues_page_size=1000
    )
    try:
        for (table, key), frame in zip(_TABLES, frames, strict=True):
            plain = frame.drop(KEEP)
            plain.write_database(f"staging_{table}", engine, if_table_exists="replace")
            with connect(url) as connection:
                connection.execute(_merge(table, key, plain.columns))
    finally:
        engine.dispose()


def _merge(table: str, key: list[str], columns: list[str]) -> sql.Composed:
    return sql.SQL(
        "insert into {} ({cols}) select {cols} from {} on conflict ({}) do update set {}"
    ).format(
        sql.Identifier(f"peer_{table}"),
        sql.Identifier(f"staging_{table}"),
        sql.SQL(", ").join(map(sql.Identifier, ["district", *key])),
        sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in columns if c not in key
        ),
        cols=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )


def _create_peer_tables(url: str) -> None:
    """Tables with the same columns, indexes, checks and foreign key as the published ones."""
    with connect(url) as connection:
        for table, _ in _TABLES:
            connection.execute(
                sql.SQL(
                    "create table {0} (like {1} including all);"
                    "alter table {0} alter column district set default 'bench'"
                ).format(sql.Identifier(f"peer_{table}"), sql.Identifier(table))
            )
        connection.execute(
            "alter table peer_guardians add foreign key (district, student_id) "
            "references peer_students on update cascade on delete cascade"
        )


def _frames(students: int, guardians: int) -> Frames:
    number = pl.int_range(students).alias("number")
    one = pl.select(number).with_columns(
        student_id=pl.format("S{}", pl.col("number") + 100_000),
        sis_internal_id=pl.col("number") + 10_000_000,
        last_name=pl.format("Last{}", pl.col("number") % 5_000),
        first_name=pl.format("First{}", pl.col("number") % 2_000),
        date_of_birth=pl.lit(date(2010, 1, 1)) + pl.duration(days=pl.col("number") % 3_000),
        gender=pl.lit("Female"),
        district_enrollment=pl.lit("ENROLLED"),
        enrollment_reason=pl.lit("active_default_entity"),
        grade=pl.lit("07"),
        address=pl.format("{} Elm St", pl.col("number")),
        building=pl.lit("Fairview Middle School"),
        building_reporting_id=pl.lit("043901041"),
    )
    pair = pl.select(pl.int_range(guardians).alias("number")).with_columns(
        student_id=pl.format("S{}", pl.col("number") % students + 100_000),
        guardian_id=pl.col("number") + 1,
        priority=pl.col("number") // students + 1,
        last_name=pl.format("Last{}", pl.col("number") % 5_000),
        first_name=pl.format("Parent{}", pl.col("number") % 2_000),
        relationship=pl.lit("Mother"),
        custodial=pl.lit(value=True),
        restricted=pl.lit(value=False),
        cell_phone=pl.format("214-555-{}", pl.col("number") % 10_000),
        email=pl.format("parent{}@example.org", pl.col("number")),
    )
    return _filled(one, STUDENT_COLUMNS), _filled(pair, GUARDIAN_COLUMNS)


def _filled(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Every column of the schema; texts that are not given are like a district's."""
    return frame.select(
        *(
            pl.col(name).cast(dtype)
            if name in frame.columns
            else pl.lit("Fairview" if dtype == pl.String else None, dtype=dtype).alias(name)
            for name, dtype in schema.items()
        ),
        pl.lit([], dtype=pl.List(pl.String)).alias(KEEP),
    )


def _one_percent(frames: Frames) -> Frames:
    def moved(frame: pl.DataFrame) -> pl.DataFrame:
        hundredth = pl.int_range(pl.len()) % 100 == 0
        return frame.with_columns(
            address=pl.when(hundredth).then(pl.lit("1 New St")).otherwise("address")
        )

    return moved(frames[0]), moved(frames[1])


def _curated(frame: pl.DataFrame) -> Curated:
    key = "guardian_id" if "guardian_id" in frame.columns else "sis_internal_id"
    account = frame.select(
        "student_id", key, outcome=pl.lit("curated"), reason=pl.lit(None, dtype=pl.String)
    )
    return Curated(frame, pl.DataFrame(schema=REJECT_COLUMNS), account)


if __name__ == "__main__":
    main()
