"""What happened to a district: each step of onboarding, each reveal, each warning sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from samegoal_sync.database import connect


@dataclass(frozen=True)
class Event:
    """One line of a district's history.

    Attributes:
        at: aware moment.
        kind: a state, or ``added``, ``updated``, ``secret_stored``, ``secret_revealed``,
            ``mail_received``, ``mail_flagged``, ``mail_sent``, ``expiry_warning``.
        who: a user's name, a mail address, or a part of this program such as ``nightly``.
        what: for people; never a secret, never a student.
    """

    at: datetime
    kind: str
    who: str
    what: str


def record_event(
    connection: psycopg.Connection[Any],
    slug: str,
    kind: str,
    who: str,
    what: str = "",
    at: datetime | None = None,
) -> None:
    """Add a line to a district's history, in the caller's transaction."""
    connection.execute(
        "insert into district_events (district, kind, who, what, at) "
        "values (%s, %s, %s, %s, coalesce(%s, now()))",
        (slug, kind, who, what, at),
    )


def events(database_url: str, slug: str, limit: int = 100) -> list[Event]:
    """A district's history, newest first."""
    with (
        connect(database_url) as connection,
        connection.cursor(row_factory=class_row(Event)) as cursor,
    ):
        return cursor.execute(
            "select at, kind, who, what from district_events "
            "where district = %s order by id desc limit %s",
            (slug, limit),
        ).fetchall()


def events_of_kind(database_url: str, slug: str, kind: str, limit: int = 1000) -> list[Event]:
    """A district's events of one kind, newest first: others, however many, don't push them out."""
    with (
        connect(database_url) as connection,
        connection.cursor(row_factory=class_row(Event)) as cursor,
    ):
        return cursor.execute(
            "select at, kind, who, what from district_events "
            "where district = %s and kind = %s order by id desc limit %s",
            (slug, kind, limit),
        ).fetchall()


def said_in_events(database_url: str, kind: str, slugs: Collection[str]) -> dict[str, set[str]]:
    """What the events of one kind said, of many districts by one query."""
    found: dict[str, set[str]] = {slug: set() for slug in slugs}
    with connect(database_url) as connection:
        for slug, what in connection.execute(
            "select district, what from district_events where district = any(%s) and kind = %s",
            (list(slugs), kind),
        ):
            found[slug].add(what)
    return found
