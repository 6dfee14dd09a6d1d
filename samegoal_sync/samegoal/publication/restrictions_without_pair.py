"""Restrictions that Qmlativ still sends of a pair that it no longer sends.

A restriction names student and guardian by their StudentGuardianID alone. Where the pair does not
come, nobody can say from what was read who they are. So the ids of published pairs are kept beside
them (``guardians.student_guardian_ids``), and those of pairs that a restriction keeps apart in
``restricted_pairs``. Whom a restriction names by these is kept away as by any other, with what is
known of their e-mails and phones, for as long as the restriction is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from psycopg import Connection, sql

from samegoal_sync.demographics.columns.curated_frames import (
    KEPT_AWAY_COLUMNS,
    Curated,
)
from samegoal_sync.demographics.rejects.reject_rules import RESTRICTION_WITHOUT_PAIR
from samegoal_sync.samegoal.publication.compare_contacts import CONTACTS, keys_of
from samegoal_sync.samegoal.publication.published_tables import names
from samegoal_sync.samegoal.publication.staging import stage

_RESTRICTED = "restricted"


@dataclass(frozen=True)
class Named:
    """Whom a restriction names, as far as it is known from before.

    Attributes:
        pair: its StudentGuardianID.
        sis_internal_id / guardian_id: the student and the guardian.
        contacts: keys of e-mails and phones of whoever is kept from the student, as far as known.
    """

    pair: int
    sis_internal_id: int
    guardian_id: int
    contacts: frozenset[str]


def named_by_restrictions(
    connection: Connection[Any], slug: str, guardians: Curated
) -> list[Named]:
    """Whom the read's restrictions without a pair name: published, or kept away before."""
    return _named(connection, slug, guardians.pair_ids.filter(pl.col("guardian_id").is_null()))


def named_without_contacts(
    connection: Connection[Any], slug: str, guardians: Curated
) -> list[Named]:
    """Whom the read's restrictions keep apart though it did not share their e-mails or phones."""
    if not guardians.absent & set(CONTACTS):
        return []
    return _named(connection, slug, _restricted_and_sent(guardians))


def _named(connection: Connection[Any], slug: str, pair_ids: pl.DataFrame) -> list[Named]:
    if pair_ids.is_empty():
        return []
    asked = {"slug": slug, "pairs": pair_ids["student_guardian_id"].to_list()}
    known = connection.execute(_KNOWN, asked).fetchall()
    found = {
        pair: Named(pair, student, guardian, frozenset(keys))
        for pair, student, guardian, keys in known
    }
    for pair, student, guardian, *values in connection.execute(_PUBLISHED, asked).fetchall():
        before = found[pair].contacts if pair in found else frozenset()
        keys = frozenset().union(*map(keys_of, CONTACTS, values))
        found[pair] = Named(pair, student, guardian, before | keys)
    return list(found.values())


def with_named(guardians: Curated, named: Collection[Named], numbers: pl.DataFrame) -> Curated:
    """The guardians without those who are named, who are kept away; the notice of restrictions
    without a pair counts the others.

    Args:
        numbers: ``sis_internal_id, student_id`` of the students who were sent.
    """
    if not named:
        return guardians
    pairs = (
        pl.DataFrame(
            [(one.sis_internal_id, one.guardian_id) for one in named],
            schema={"sis_internal_id": pl.Int64, "guardian_id": pl.Int64},
            orient="row",
        )
        .join(numbers, on="sis_internal_id")
        .select(pl.struct("student_id", "guardian_id"))
        .to_series()
    )
    is_named = pl.struct("student_id", "guardian_id").is_in(pairs.implode()).fill_null(value=False)
    left = max(0, int(str(guardians.findings.get(RESTRICTION_WITHOUT_PAIR, 0))) - len(named))
    return replace(
        guardians,
        # Somebody may have entered the pair anew: the restriction is sent all the same.
        frame=guardians.frame.filter(~is_named),
        account=guardians.account.with_columns(
            outcome=pl.when(is_named).then(pl.lit("withheld")).otherwise("outcome"),
            reason=pl.when(is_named).then(pl.lit(_RESTRICTED)).otherwise("reason"),
        ),
        kept_away=pl.concat([guardians.kept_away, _kept_away(named)]),
        rejects=guardians.rejects.filter((pl.col("rule") != RESTRICTION_WITHOUT_PAIR) | (left > 0)),
        findings=guardians.findings | {RESTRICTION_WITHOUT_PAIR: left},
    )


def remember_pairs(
    connection: Connection[Any], slug: str, guardians: Curated, named: Iterable[Named], of: set[int]
) -> None:
    """Keep the ids of published pairs that were sent, and of those that restrictions keep apart.

    Args:
        named: whose contacts are kept as they were known, beside those that were sent.
        of: SIS Internal IDs of whose restrictions nothing newer is known.
    """
    sent = guardians.pair_ids.drop_nulls()
    if sent.height:
        stage(connection, "sent_pair_ids", sent)
        connection.execute(_IDS, {"slug": slug})
        connection.execute("drop table sent_pair_ids")
    connection.execute(
        "delete from restricted_pairs where district = %s and sis_internal_id = any(%s::bigint[])",
        (slug, list(of)),
    )
    is_theirs = pl.col("sis_internal_id").is_in(list(of))
    pairs = {*_restricted_and_sent(guardians).filter(is_theirs).iter_rows()}
    contacts: defaultdict[int, set[str]] = defaultdict(set)
    kept = guardians.kept_away.filter(is_theirs)
    for student, key in kept.select("sis_internal_id", "contact").drop_nulls().iter_rows():
        contacts[student].add(key)
    for one in named:
        if one.sis_internal_id in of:
            pairs.add((one.pair, one.sis_internal_id, one.guardian_id))
            contacts[one.sis_internal_id] |= one.contacts
    rows = [
        (slug, pair, student, person, sorted(contacts[student])) for pair, student, person in pairs
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_REMEMBERED, rows)


def _restricted_and_sent(guardians: Curated) -> pl.DataFrame:
    """``PAIR_ID_COLUMNS`` of pairs that were sent and that a restriction keeps apart."""
    restricted = guardians.kept_away.filter(reason=_RESTRICTED)
    return guardians.pair_ids.drop_nulls().join(
        restricted, on=["sis_internal_id", "guardian_id"], how="semi"
    )


def _kept_away(named: Iterable[Named]) -> pl.DataFrame:
    rows = [row for one in named for row in _rows_of(one)]
    return pl.DataFrame(rows, schema=KEPT_AWAY_COLUMNS, orient="row")


def _rows_of(one: Named) -> Iterator[tuple[int, int | None, str | None, str | None]]:
    yield one.sis_internal_id, one.guardian_id, _RESTRICTED, None
    for key in sorted(one.contacts):
        yield one.sis_internal_id, None, None, key


_KNOWN = """
    select student_guardian_id, sis_internal_id, guardian_id, contacts
    from restricted_pairs
    where district = %(slug)s and student_guardian_id = any(%(pairs)s::bigint[])
"""

_REMEMBERED = """
    insert into restricted_pairs
        (district, student_guardian_id, sis_internal_id, guardian_id, contacts)
    values (%s, %s, %s, %s, %s)
    on conflict (district, student_guardian_id) do update set
        sis_internal_id = excluded.sis_internal_id, guardian_id = excluded.guardian_id,
        contacts = excluded.contacts
"""

_PUBLISHED = sql.SQL(
    """
    select pair, s.sis_internal_id, g.guardian_id, {contacts}
    from guardians g
    join students s on s.district = g.district and s.student_id = g.student_id
    cross join unnest(g.student_guardian_ids) as pair
    where g.district = %(slug)s and s.sis_internal_id is not null
        and g.student_guardian_ids && %(pairs)s::bigint[] and pair = any(%(pairs)s::bigint[])
    """
).format(contacts=names(CONTACTS, "g"))

_IDS = """
    update guardians g set student_guardian_ids = k.ids
    from (
        select s.student_id, p.guardian_id,
            array_agg(p.student_guardian_id order by p.student_guardian_id) as ids
        from sent_pair_ids p
        join students s on s.district = %(slug)s and s.sis_internal_id = p.sis_internal_id
        group by s.student_id, p.guardian_id
    ) k
    where g.district = %(slug)s and g.student_id = k.student_id and g.guardian_id = k.guardian_id
        and g.student_guardian_ids <> k.ids
"""
