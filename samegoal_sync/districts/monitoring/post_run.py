"""After each night: the district's state follows from it, and whoever must act is written to.

Works from the rows of ``syncs``, so it does not matter who ran the night or whether the daemon
was up. Each row is settled once. Mail is written into the outbox (``mail/outbox.py``) and sent
apart: one address that nobody would take once stopped all states and mails behind it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.monitoring.morning_mail import alarm, write_morning_mail
from samegoal_sync.districts.monitoring.unsettled_nights import Night, unsettled_nights
from samegoal_sync.districts.onboarding.confirmation import confirm_held
from samegoal_sync.districts.registry.moves import Move, move_districts
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.outbox import post
from samegoal_sync.samegoal.publication.findings import Findings

_WHO = "nightly"
#: What is not settled within this waits for the next tick; Dagster ends one after a minute.
_MOST_SECONDS = 40.0

#: Nights that one transaction settles.
_AT_ONCE = 500

_STUCK = (DistrictState.FAILING, DistrictState.EXPIRED)


def process_ended_runs(registry: Registry, now: datetime, webhook: Sequence[str] = ()) -> list[str]:
    """Settle nights that ended since the last time; says what was done, for the log.

    A batch of nights is one transaction: their districts' states, the letters that tell of them,
    and the marks that they are settled. No mail is sent here, so none can stop it. Only a
    district's newest night moves its state: an older one that is settled late tells nothing of
    today.

    Args:
        webhook: told in one message a call which of them need a person.
    """
    done: list[str] = []
    waiting: list[Night] = []
    nights = unsettled_nights(registry.database_url, now)
    if not nights:
        return done
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
                done += [f"{one.slug}: {one.state}" for one in moves]
                done += write_morning_mail(connection, settled, districts, now)
            waiting += [one for one in settled if one.failed_for_good or one.state == "held"]
            for night in settled:
                if night.kind == "approved":
                    confirm_held(registry, districts[night.district], night.counts, now)
        if waiting:
            post(connection, alarm(waiting), webhook, now)
    return done


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


def _target(district: District, night: Night) -> tuple[DistrictState, str | None]:
    """The state that follows from a night, and what to tell about it."""
    if night.failed_for_good and district.state in (DistrictState.ACTIVE, DistrictState.FAILING):
        expired = Findings.from_json(night.findings).error == "AccessExpired"
        return (DistrictState.EXPIRED if expired else DistrictState.FAILING), night.message
    if night.state != "failed" and district.state in _STUCK:
        return DistrictState.ACTIVE, f"the night of {night.night} went well again"
    return district.state, night.message
