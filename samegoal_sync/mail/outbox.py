"""Mail that is to go out: written with the decision it tells of, sent apart, each on its own.

Once, a mail was sent in the middle of deciding a district's state, and one address that no server
would take stopped the states and the mails of all others. Now deciding writes letters into
``outbox`` in its own transaction, an address a row; sending tries each row by itself, waits longer
after each refusal, and gives up after three days.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from samegoal_sync.database.connect import connect
from samegoal_sync.mail.errors import MailError, MailServerDown
from samegoal_sync.mail.mailer import Mailer, Thread, build_message
from samegoal_sync.mail.webhook import Message, Webhook

#: The address of a letter that goes to the webhook: where that is stands in the settings alone.
WEBHOOK = "webhook"

#: Mails that one call sends; each takes up to a second.
MOST_SENT = 30
#: Refusals that one call meets, beside what it sends: the next call goes on behind them.
MOST_REFUSED = 30
_MOST_SECONDS = 60.0
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_GIVEN_UP_AFTER = timedelta(days=3)


@dataclass(frozen=True)
class Letter:
    """What is to be said to somebody.

    Attributes:
        key: names what it tells of; to one address a key is written and sent once.
        district: the slug; ``None`` for a letter about all of them.
        answers: the message that it answers.
    """

    key: str
    subject: str
    body: str
    district: str | None = None
    answers: Thread | None = None


@dataclass(frozen=True)
class Delivery:
    """What one call did: letters sent and refused, and why the mail server was down if it was."""

    sent: int
    refused: int
    down: MailError | None = None


def post(
    connection: Connection[Any], letter: Letter, addresses: Iterable[str], now: datetime
) -> int:
    """Write a letter to each address, in the caller's transaction; how many are new."""
    return post_all(connection, [(letter, addresses)], now)[letter.key]


def post_all(
    connection: Connection[Any],
    letters: Iterable[tuple[Letter, Iterable[str]]],
    now: datetime,
) -> Counter[str]:
    """Write each letter to its addresses in one statement, in the caller's transaction.

    Returns:
        Key -> how many are new.
    """
    rows = [(one, address) for one, to in letters for address in dict.fromkeys(to)]
    if not rows:
        return Counter()
    done = connection.execute(
        """
        insert into outbox (key, address, district, subject, body, answers_id, answers_subject,
            written_at, next_at)
        select u.*, %s, %s from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[]) u
        on conflict (key, address) do nothing returning key
        """,
        (
            now,
            now,
            [one.key for one, _ in rows],
            [address for _, address in rows],
            [one.district for one, _ in rows],
            [one.subject for one, _ in rows],
            [one.body for one, _ in rows],
            [one.answers.message_id if one.answers else None for one, _ in rows],
            [one.answers.subject if one.answers else None for one, _ in rows],
        ),
    ).fetchall()
    return Counter(key for (key,) in done)


#: Sends one row of ``_DUE``.
_Send = Callable[[Any], None]

_DUE = """
    select id, key, district, refusals, written_at, address, subject, body, answers_id,
        answers_subject
    from outbox where sent_at is null and given_up_at is null and next_at <= %(now)s
        and (address = %(webhook)s) = %(to_webhook)s
    order by next_at, id limit 1 for update skip locked
"""


def deliver(database_url: str, mailer: Mailer, now: datetime) -> Delivery:
    """Mail what is due, oldest first, each in a transaction of its own.

    A mail server that can't be reached ends the call, and nobody's turn is used up by it. Two
    callers at once never send the same letter.
    """

    def send(row: Any) -> None:
        key, (address, subject, body, answers_id, about) = row[1], row[5:]
        mailer.send(
            build_message(
                mailer.way.sender,
                [address],
                subject,
                body,
                key=key,
                answers=Thread(answers_id, about) if answers_id else None,
            )
        )

    return _deliver(database_url, send, now, to_webhook=False)


def deliver_to_webhook(database_url: str, webhook: Webhook, now: datetime) -> Delivery:
    """Hand what is due to the webhook, as ``deliver`` mails."""

    def send(row: Any) -> None:
        _, key, district, _, _, _, subject, body, *_ = row
        webhook.send(Message(key, subject, body, district))

    return _deliver(database_url, send, now, to_webhook=True)


def _deliver(database_url: str, send: _Send, now: datetime, *, to_webhook: bool) -> Delivery:
    sent = refused = 0
    until = time.monotonic() + _MOST_SECONDS
    with connect(database_url) as connection:
        while sent < MOST_SENT and refused < MOST_REFUSED and time.monotonic() < until:
            try:
                outcome = _deliver_next(connection, send, now, to_webhook)
            except MailServerDown as down:
                return Delivery(sent, refused, down)
            if outcome is None:
                break
            sent, refused = sent + outcome, refused + (not outcome)
    return Delivery(sent, refused)


def _deliver_next(
    connection: Connection[Any], send: _Send, now: datetime, to_webhook: bool
) -> bool | None:
    """Send one letter; whether it was taken, or ``None`` when none is due."""
    with connection.transaction():
        row = connection.execute(
            _DUE, {"now": now, "webhook": WEBHOOK, "to_webhook": to_webhook}
        ).fetchone()
        if row is None:
            return None
        number, key, district, refusals, written = row[:5]
        try:
            send(row)
        except MailServerDown:
            raise
        except MailError as error:
            _put_off(connection, number, refusals, written, now)
            _record(connection, district, "mail_failed", f"{key}: {error.what}")
            return False
        connection.execute("update outbox set sent_at = %s where id = %s", (now, number))
        _record(connection, district, "mail_sent", key)
        return True


def _put_off(
    connection: Connection[Any], number: int, refusals: int, written: datetime, now: datetime
) -> None:
    pause = min(_FIRST_PAUSE * 2**refusals, _LONGEST_PAUSE)
    given_up = now if now + pause > written + _GIVEN_UP_AFTER else None
    connection.execute(
        "update outbox set refusals = refusals + 1, next_at = %s, given_up_at = %s where id = %s",
        (now + pause, given_up, number),
    )


def _record(connection: Connection[Any], district: str | None, kind: str, what: str) -> None:
    """A line of the district's history, in the transaction of what it tells of."""
    if district is not None:
        connection.execute(
            "insert into district_events (district, kind, who, what) values (%s, %s, 'mail', %s)",
            (district, kind, what),
        )
