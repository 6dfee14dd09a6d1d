"""After each night: the district's state follows from it, and whoever must act is written to.

Works from the rows of ``syncs``, so it does not matter who ran the night or whether the daemon
was up. Each row is settled once. Mail is written into the outbox (``mail/outbox.py``) and sent
apart: one address that nobody would take once stopped all states and mails behind it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.monitoring.district_status import REJECTS_SHARE
from samegoal_sync.districts.monitoring.due_nights import WINDOW
from samegoal_sync.districts.onboarding.confirmation import confirm_held
from samegoal_sync.districts.registry.moves import Move, move_districts
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.outbox import Letter, post, post_all
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.last_good_night import GOOD_STATES

_WHO = "nightly"
_OLDEST = timedelta(days=3)
#: What is not settled within this waits for the next tick; Dagster ends one after a minute.
_MOST_SECONDS = 40.0

#: Nights that one transaction settles.
_AT_ONCE = 500

_STUCK = (DistrictState.FAILING, DistrictState.EXPIRED)


@dataclass(frozen=True)
class Night:
    """One row of ``syncs`` that nobody has settled yet.

    ``is_newest``: no later import of the district is recorded, so that its state follows from it.
    ``no_attempt_left``: it is the newest attempt at its night, and the schedule asks for no other.
    """

    id: int
    district: str
    night: date
    kind: str
    state: str
    counts: dict[str, int]
    findings: dict[str, Any]
    message: str | None
    hint: str | None
    actor: str | None
    is_newest: bool
    no_attempt_left: bool

    @property
    def failed_for_good(self) -> bool:
        """Failed, and the schedule won't try this night again."""
        found = Findings.from_json(self.findings)
        return self.state == "failed" and (not found.transient or self.no_attempt_left)


def process_ended_runs(registry: Registry, now: datetime, webhook: Sequence[str] = ()) -> list[str]:
    """Settle nights that ended since the last time; says what was done, for the log.

    A batch of nights is one transaction: their districts' states, the letters that tell of them,
    and the marks that they are settled. No mail is sent here, so none can stop it. Only a
    district's newest night moves its state: an older one that is settled late tells nothing of
    today.

    Args:
        webhook: told in one message a call which of them need a person.
    """
    told: list[str] = []
    waiting: list[Night] = []
    nights = unprocessed_runs(registry.database_url, now)
    if not nights:
        return told
    districts = {str(one.slug): one for one in registry.list()}
    nights = [one for one in nights if one.district in districts]  # else the next call knows it
    until = time.monotonic() + _MOST_SECONDS
    # After a downtime the whole fleet's nights wait here: a commit for each took 12 seconds.
    with connect(registry.database_url, autocommit=True) as connection:
        for first in range(0, len(nights), _AT_ONCE):
            if time.monotonic() > until:
                break
            batch = nights[first : first + _AT_ONCE]
            with connection.transaction():
                settled = _mark_settled(connection, batch)
                moves = _moves(settled, districts)
                move_districts(connection, moves, _WHO)
                told += [f"{one.slug}: {one.state}" for one in moves]
                told += _write_letters(connection, settled, districts, now)
            waiting += [one for one in settled if one.failed_for_good or one.state == "held"]
            for night in settled:
                if night.kind == "approved":
                    confirm_held(registry, districts[night.district], night.counts, now)
        if waiting:
            post(connection, _alarm(waiting), webhook, now)
    return told


def _mark_settled(connection: Connection[Any], nights: Sequence[Night]) -> list[Night]:
    """Those of the nights that no other process has settled meanwhile."""
    rows = connection.execute(
        """
        insert into settled_syncs (sync_id, district)
        select * from unnest(%s::bigint[], %s::text[])
        on conflict do nothing returning sync_id
        """,
        ([one.id for one in nights], [one.district for one in nights]),
    ).fetchall()
    ours = {sync_id for (sync_id,) in rows}
    return [one for one in nights if one.id in ours]


def _moves(nights: Sequence[Night], districts: dict[str, District]) -> list[Move]:
    """Steps of districts to another state; ``districts`` follows."""
    found = []
    for night in nights:
        district = districts[night.district]
        target, message = _target(district, night)
        if night.is_newest and target is not district.state:
            found.append(Move(district.slug, target, message))
            districts[night.district] = replace(district, state=target)
    return found


def _write_letters(
    connection: Connection[Any],
    nights: Sequence[Night],
    districts: dict[str, District],
    now: datetime,
) -> list[str]:
    """Morning mail to the districts' contacts; what was written."""
    kinds, letters = {}, []
    for night in nights:
        district = districts[night.district]
        if due := mail_kinds(night) & district.settings.notify:
            letter = morning_letter(district, night, due)
            kinds[letter.key] = f"{district.slug}: mail {', '.join(sorted(due))}"
            letters.append((letter, district.contacts))
    new = post_all(connection, letters, now)
    return [words for key, words in kinds.items() if new[key]]


#: Districts that one alarm names.
_NAMED = 20


def _alarm(nights: Sequence[Night]) -> Letter:
    """Which nights need a person, in one letter, however many they are."""
    lines = [f"{one.district}: {one.state}, {one.message} ({one.actor})" for one in nights]
    more = len(lines) - _NAMED
    lines = lines[:_NAMED] + ([f"and {more:,} more"] if more > 0 else [])
    return Letter(
        key=f"nights-{max(one.id for one in nights)}",
        subject=f"{len(nights):,} districts' nights need a person",
        body="\n".join([*lines, "", "samegoal-sync status says what to do."]) + "\n",
    )


def unprocessed_runs(database_url: str, now: datetime) -> list[Night]:
    """Whole nights of the last three days that nobody has settled, in the order they ended.

    A failure that may pass waits here while the schedule may ask for its night again: it is
    settled by the attempt that follows, or as failed for good when none will.
    """
    with (
        connect(database_url) as connection,
        connection.cursor(row_factory=class_row(Night)) as cursor,
    ):
        return cursor.execute(
            """
            select s.id, s.district, s.night, s.kind, s.state, s.counts, s.findings, s.message,
                s.hint, s.actor, not exists (
                    select from syncs later where later.district = s.district and later.id > s.id
                        and later.kind <> 'student') is_newest,
                n.is_open is false and not exists (
                    select from syncs later where later.district = s.district and later.id > s.id
                        and later.kind <> 'student' and later.state <> 'failed') no_attempt_left
            from syncs s left join lateral (
                select closed_at is null and due_at + %(window)s > %(now)s as is_open
                from nights where district = s.district and run_id = s.run_id) n on true
            where s.kind <> 'student' and s.finished_at > %(oldest)s
                and not (s.state = 'failed' and coalesce((s.findings->>'transient')::boolean, false)
                    and n.is_open is true)
                and not exists (select from settled_syncs where sync_id = s.id)
            order by s.id
            """,
            {"now": now, "window": WINDOW, "oldest": now - _OLDEST},
        ).fetchall()


def _target(district: District, night: Night) -> tuple[DistrictState, str | None]:
    """The state that follows from a night, and what to tell about it."""
    if night.failed_for_good and district.state in (DistrictState.ACTIVE, DistrictState.FAILING):
        expired = Findings.from_json(night.findings).error == "AccessExpired"
        return (DistrictState.EXPIRED if expired else DistrictState.FAILING), night.message
    if night.state != "failed" and district.state in _STUCK:
        return DistrictState.ACTIVE, f"the night of {night.night} went well again"
    return district.state, night.message


def mail_kinds(night: Night) -> set[str]:
    """The kinds of morning mail that a night gives cause for."""
    return set(_kinds(night))


def _kinds(night: Night) -> Iterator[str]:
    if night.failed_for_good:
        yield "failed"
    if night.state in ("held", "paused"):
        yield night.state
    if night.state in GOOD_STATES:
        yield "published"
    sent, aside = (night.counts.get(f"students_{name}", 0) for name in ("sent", "rejected"))
    if sent and aside / sent > REJECTS_SHARE:
        yield "rejects"


_SUBJECTS = (  # the gravest first
    ("failed", "the import failed"),
    ("held", "the import is held and waits for you"),
    ("rejects", "rows were rejected"),
    ("paused", "the import is paused"),
    ("published", "students and guardians were imported"),
)


def morning_letter(district: District, night: Night, kinds: set[str]) -> Letter:
    """What is said to a district's contacts: what, who, how; counts, never names."""
    subject = next(text for kind, text in _SUBJECTS if kind in kinds)
    lines = [f"SameGoal Demographics Integration of {district.name}, night of {night.night}."]
    if night.message:
        lines += ["", night.message]
    if night.hint:
        lines += [f"What to do ({night.actor}): {night.hint}"]
    if kinds & {"failed", "held"}:
        lines += ["", "What SameGoal showed before is unchanged."]
    if night.counts:
        lines += ["", *_counted(night.counts)]
    lines += ["", "Details are in SameGoal under Settings > District Information."]
    return Letter(
        key=f"night-{night.id}-{district.slug}",
        subject=f"{district.name}: {subject}",
        body="\n".join(lines) + "\n",
        district=district.slug,
    )


def _counted(counts: dict[str, int]) -> list[str]:
    names = ("sent", "added", "changed", "unchanged", "rejected", "out_of_scope", "held")
    return [
        f"Students {name.replace('_', ' ')}: {counts[f'students_{name}']:,}"
        for name in names
        if counts.get(f"students_{name}")
    ]
