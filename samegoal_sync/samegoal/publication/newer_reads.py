"""What was read earlier never overwrites what was read later, and never shows whom that withheld.

Two things are known of each student since a moment: what is published of them, and who may not
see them. The latter is kept in ``withheld_guardians``, also of nights of which nothing else was
published. Frames are held against both before they are compared, so that a night, an approved
one, stored frames and a refresh all obey by the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from psycopg import Connection, sql

from samegoal_sync.demographics.columns.curated_frames import (
    DENIED_COLUMNS,
    KEEP,
    STUDENT_ACCOUNT,
    Curated,
)
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.last_good_night import GOOD_STATES
from samegoal_sync.samegoal.publication.restrictions_without_pair import (
    Named,
    named_by_restrictions,
    named_without_contacts,
    remember_pairs,
    with_named,
)
from samegoal_sync.samegoal.publication.staging import copy_rows
from samegoal_sync.samegoal.publication.student_matching import OLDER_READ

#: Why a pair is not taken: a later read withholds the guardian.
WITHHELD_SINCE = "withheld_since"
#: Withheld because the district publishes two guardians a student: no secret, so no restriction.
BEYOND_CHOICE = "beyond_choice"

_UNKNOWN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Read:
    """Frames of one read, cut to what no later read contradicts.

    Attributes:
        students / guardians: the frames; who is published by a later read is ``rejected`` for
            ``older_read``, whom a later read withholds is ``withheld`` for ``withheld_since``.
        is_older: a later read of the whole district (or of these students) is published:
            nothing of this one is news but restrictions.
        restrictions_of: SIS Internal IDs of whose restrictions nothing newer is known.
        named: whom restrictions name, as known from before: where tonight's pair or their contacts
            were not sent.
    """

    students: Curated
    guardians: Curated
    is_older: bool
    restrictions_of: frozenset[int]
    named: list[Named]


def against_newer_reads(
    connection: Connection[Any],
    slug: str,
    students: Curated,
    guardians: Curated,
    coverage: Coverage = Coverage.DISTRICT,
) -> Read:
    """Hold frames against what was read later than they were."""
    sent = frozenset(students.account["sis_internal_id"].drop_nulls().to_list())
    of_district = coverage is Coverage.DISTRICT
    named = named_by_restrictions(connection, slug, guardians)
    named = [one for one in named if of_district or one.sis_internal_id in sent]
    guardians = with_named(guardians, named, _numbers(students))
    known_before = [*named, *named_without_contacts(connection, slug, guardians)]
    newer = _newer(connection, slug, students.read_at, guardians.read_at)
    published = sent if newer.all_published else newer.published
    published = published if of_district else published & sent
    restricted = sent if newer.all_restrictions else newer.restrictions
    if published:
        students, guardians = _without_published(students, guardians, published)
    if restricted:
        known = _withheld(connection, slug, students, restricted)
        guardians = _with_known(students, guardians, restricted, known)
    is_older = newer.all_published or (not of_district and bool(sent) and sent <= published)
    return Read(students, guardians, is_older, sent - restricted, known_before)


def remember_withheld(connection: Connection[Any], slug: str, read: Read) -> None:
    """Keep who may not see the students, as the newest read says; called when it was applied."""
    connection.execute(
        "delete from withheld_guardians where district = %s and sis_internal_id = any(%s)",
        (slug, list(read.restrictions_of)),
    )
    of_read = pl.col("sis_internal_id").is_in(list(read.restrictions_of))
    numbers = _numbers(read.students).filter(of_read)
    complete = read.guardians.account.filter(_is_withheld()).select(
        "student_id", "guardian_id", "reason", column=pl.lit("")
    )
    values = read.guardians.denied.with_columns(reason=pl.lit("not_theirs")).select(
        complete.columns
    )
    listed = ["sis_internal_id", "guardian_id", "column", "reason"]
    by_number = pl.concat([complete, values]).drop_nulls().join(numbers, on="student_id")
    kept_away = read.guardians.kept_away.filter(
        pl.col("guardian_id").is_not_null() & of_read
    ).with_columns(column=pl.lit(""))
    rows = (
        pl.concat([by_number.select(listed), kept_away.select(listed)])
        .unique(listed[:3], keep="first", maintain_order=True)
        .select(pl.lit(slug).alias("district"), *listed)
    )
    target = 'withheld_guardians (district, sis_internal_id, guardian_id, "column", reason)'
    copy_rows(connection, sql.SQL(target), rows)
    remember_pairs(connection, slug, read.guardians, read.named, set(read.restrictions_of))


@dataclass(frozen=True)
class _Newer:
    all_published: bool
    all_restrictions: bool
    published: frozenset[int]
    restrictions: frozenset[int]


def _newer(
    connection: Connection[Any], slug: str, read_at: datetime | None, guardians_at: datetime | None
) -> _Newer:
    """What is published, and which restrictions are known, of a read later than these moments.

    A read of an unknown moment is older than every known one.
    """
    at, their_at = read_at or _UNKNOWN, guardians_at or _UNKNOWN
    rows = connection.execute(
        """
        select kind = 'student', refreshed, state = any(%(good)s),
            read_at > %(at)s, guardians_read_at > %(their_at)s
        from syncs where district = %(slug)s and state <> 'failed'
            and (read_at > %(at)s or guardians_read_at > %(their_at)s)
        """,
        {"slug": slug, "good": list(GOOD_STATES), "at": at, "their_at": their_at},
    ).fetchall()
    of_all = {"published": False, "restrictions": False}
    ids: dict[str, set[int]] = {"published": set(), "restrictions": set()}
    for one_student, refreshed, good, later, theirs_later in rows:
        is_newer = {
            "published": good and bool(later or theirs_later),
            "restrictions": bool(theirs_later),
        }
        for name, newer in is_newer.items():
            if newer and one_student:
                ids[name].update(refreshed)
            elif newer:
                of_all[name] = True
    return _Newer(
        of_all["published"],
        of_all["restrictions"],
        frozenset(ids["published"]),
        frozenset(ids["restrictions"]),
    )


def _without_published(
    students: Curated, guardians: Curated, published: frozenset[int]
) -> tuple[Curated, Curated]:
    """The frames without the students of whom a later read is published.

    They are accounted for, stay as they are, and are not missing, whether sent or not.
    """
    is_published = pl.col("sis_internal_id").is_in(list(published)).fill_null(value=False)
    numbers = students.account.filter(is_published)["student_id"].drop_nulls().unique()
    theirs = pl.col("student_id").is_in(numbers.implode()).fill_null(value=False)
    unsent = published - set(students.account["sis_internal_id"].drop_nulls())
    others = pl.DataFrame(
        [(sis_id, None, "rejected", OLDER_READ) for sis_id in sorted(unsent)],
        schema=STUDENT_ACCOUNT,
        orient="row",
    )
    account = _judged(students.account, is_published, "rejected", OLDER_READ)
    replaced = theirs & pl.col("outcome").is_in(["curated", "rejected"])
    return (
        replace(
            students,
            frame=students.frame.filter(~is_published),
            account=pl.concat([account, others]),
        ),
        replace(
            guardians,
            frame=guardians.frame.filter(~theirs),
            account=_judged(guardians.account, replaced, "out_of_scope", OLDER_READ),
        ),
    )


def _with_known(
    students: Curated, guardians: Curated, newer: frozenset[int], known: pl.DataFrame
) -> Curated:
    """The guardians as a later read of restrictions has them: whom it withholds is withheld, and
    whom only the older one withholds stays as published.

    Args:
        known: ``student_id, guardian_id, column`` of ``withheld_guardians``.
    """
    numbers = _numbers(students).filter(pl.col("sis_internal_id").is_in(list(newer)))
    theirs = pl.col("student_id").is_in(numbers["student_id"].unique().implode())
    pairs = known.filter(column="").select(pl.struct("student_id", "guardian_id")).to_series()
    is_known = pl.struct("student_id", "guardian_id").is_in(pairs.implode()).fill_null(value=False)
    account = _judged(guardians.account, theirs & _is_withheld(), "rejected", OLDER_READ)
    values = known.filter(pl.col("column") != "").match_to_schema(DENIED_COLUMNS)
    frame = guardians.frame.filter(~is_known)
    for (column,), rows in values.partition_by("column", as_dict=True).items():
        frame = _without_value(frame, str(column), rows)
    return replace(
        guardians,
        frame=frame,
        account=_judged(account, is_known, "withheld", WITHHELD_SINCE),
        kept_away=guardians.kept_away.filter(
            ~pl.col("sis_internal_id").is_in(list(newer)).fill_null(value=False)
        ),
        denied=pl.concat([guardians.denied.filter(~theirs), values]),
    )


def _without_value(frame: pl.DataFrame, column: str, rows: pl.DataFrame) -> pl.DataFrame:
    pairs = rows.select(pl.struct("student_id", "guardian_id")).to_series()
    hit = pl.struct("student_id", "guardian_id").is_in(pairs.implode())
    kept = pl.col(KEEP).list.set_difference(pl.lit([column]))
    return frame.with_columns(
        pl.when(~hit).then(column).alias(column),
        pl.when(hit).then(kept).otherwise(KEEP).alias(KEEP),
    )


def _withheld(
    connection: Connection[Any], slug: str, students: Curated, of: frozenset[int]
) -> pl.DataFrame:
    """``student_id, guardian_id, column`` of what is withheld, under tonight's Student Ids."""
    rows = connection.execute(
        'select sis_internal_id, guardian_id, "column" from withheld_guardians '
        "where district = %s and sis_internal_id = any(%s)",
        (slug, list(of)),
    ).fetchall()
    schema = {"sis_internal_id": pl.Int64, "guardian_id": pl.Int64, "column": pl.String}
    known = pl.DataFrame(rows, schema=schema, orient="row")
    return known.join(_numbers(students), on="sis_internal_id").select(
        "student_id", "guardian_id", "column"
    )


def _numbers(students: Curated) -> pl.DataFrame:
    """``sis_internal_id, student_id`` of everybody who was sent with both."""
    return students.account.select("sis_internal_id", "student_id").drop_nulls().unique()


def _is_withheld() -> pl.Expr:
    return (pl.col("outcome") == "withheld") & (pl.col("reason") != BEYOND_CHOICE)


def _judged(account: pl.DataFrame, where: pl.Expr, outcome: str, reason: str) -> pl.DataFrame:
    return account.with_columns(
        outcome=pl.when(where).then(pl.lit(outcome)).otherwise("outcome"),
        reason=pl.when(where).then(pl.lit(reason)).otherwise("reason"),
    )
