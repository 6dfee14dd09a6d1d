"""Districts' steps from state to state, many in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from samegoal_sync.district import DistrictState


@dataclass(frozen=True)
class Move:
    """A district's step to a state, and why."""

    slug: str
    state: DistrictState
    message: str | None = None


def move_districts(connection: psycopg.Connection[Any], moves: Sequence[Move], who: str) -> int:
    """Take districts' steps, in their order, in the caller's transaction; each is recorded.

    Returns:
        How many districts were moved; those that are not registered are left out.
    """
    if not moves:
        return 0
    moved = connection.execute(
        """
        with moves as (
            select * from unnest(%(slugs)s::text[], %(states)s::text[], %(messages)s::text[])
                with ordinality u (slug, state, message, step)
        ), recorded as (
            insert into district_events (district, kind, who, what, at)
            select slug, m.state, %(who)s, coalesce(m.message, ''), now()
            from moves m join districts using (slug) order by step
        )
        update districts d set state = m.state, message = m.message
        from (select distinct on (slug) * from moves order by slug, step desc) m
        where d.slug = m.slug
        """,
        {
            "slugs": [str(one.slug) for one in moves],
            "states": [one.state.value for one in moves],
            "messages": [one.message for one in moves],
            "who": who,
        },
    )
    return moved.rowcount
