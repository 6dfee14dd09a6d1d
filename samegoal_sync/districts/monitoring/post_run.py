"""After each night: the district's state follows from it, and whoever must act is written to.

Works from the rows of ``syncs``, so it does not matter who ran the night or whether the daemon
was up. Each row is settled once. A mail that could not be sent leaves its row unsettled, so that
it is tried again; its message id stays the same, so that a second one is seen as the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from psycopg.rows import class_row

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.monitoring.district_status import REJECTS_SHARE
from samegoal_sync.districts.monitoring.due_nights import WINDOW
from samegoal_sync.districts.onboarding.confirmation import confirm_held
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.errors import MailError
from samegoal_sync.mail.mailer import Mailer, build_message
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.last_good_night import GOOD_STATES

_WHO = "nightly"
_OLDEST = timedelta(days=3)

#: Mails a call; a mail takes up to a second.
MOST_MAILS = 30

_STUCK = (DistrictState.FAILING, DistrictState.EXPIRED)


@dataclass(frozen=True)
class Night:
    """One row of ``syncs`` that nobody has settled yet.

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
    no_attempt_left: bool

    @property
    def failed_for_good(self) -> bool:
        """Failed, and the schedule won't try this night again."""
        found = Findings.from_json(self.findings)
        return self.state == "failed" and (not found.transient or self.no_attempt_left)


def process_ended_runs(registry: Registry, mailer: Mailer | None, now: datetime) -> list[str]:
    """Settle nights that ended since the last time; says what was done, for the log.

    At most ``MOST_MAILS`` mails are sent a call, so that a sensor's tick stays short: the rest is
    for the next call.

    Raises:
        MailError: after everything that could be done without that mail was done.
    """
    told: list[str] = []
    settled: list[Night] = []
    error: MailError | None = None
    nights = unprocessed_runs(registry.database_url, now)
    districts = {str(one.slug): one for one in registry.list()} if nights else {}
    mails = 0
    for night in nights:
        district = districts.get(night.district)
        if district is None:  # added since: the next call knows it
            continue
        if moved := _move(registry, district, night):
            districts[night.district] = moved
            told.append(f"{moved.slug}: {moved.state}")
        if night.kind == "approved":
            confirm_held(registry, mailer, district, night.counts)
        kinds = mail_kinds(night) & district.settings.notify
        if kinds and mailer is not None and district.contacts:
            if mails == MOST_MAILS:
                break
            try:
                mailer.send(morning_mail(mailer.way.sender, district, night, kinds))
            except MailError as caught:  # raised below; the others go on
                error = caught
                continue
            finally:
                mails += 1
            told.append(f"{district.slug}: mailed {', '.join(sorted(kinds))}")
            registry.record(district.slug, "mail_sent", _WHO, ", ".join(sorted(kinds)))
            _mark(registry, [night])
        else:
            settled.append(night)
    _mark(registry, settled)
    if error is not None:
        raise error
    return told


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
                s.hint, s.actor, n.is_open is false and not exists (
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


def _move(registry: Registry, district: District, night: Night) -> District | None:
    """Change the district's state if this night says so; the district as it is then."""
    target, message = district.state, night.message
    if night.failed_for_good and district.state in (
        DistrictState.ACTIVE,
        DistrictState.FAILING,
    ):
        expired = Findings.from_json(night.findings).error == "AccessExpired"
        target = DistrictState.EXPIRED if expired else DistrictState.FAILING
    elif night.state != "failed" and district.state in _STUCK:
        target, message = DistrictState.ACTIVE, f"the night of {night.night} went well again"
    if target is district.state:
        return None
    return registry.set_state(district.slug, target, _WHO, message)


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


def morning_mail(sender: str, district: District, night: Night, kinds: set[str]) -> EmailMessage:
    """The message to a district's contacts: what, who, how; counts, never names."""
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
    return build_message(
        sender,
        district.contacts,
        f"{district.name}: {subject}",
        "\n".join(lines) + "\n",
        key=f"night-{night.id}-{district.slug}",
    )


def _counted(counts: dict[str, int]) -> list[str]:
    names = ("sent", "added", "changed", "unchanged", "rejected", "out_of_scope", "held")
    return [
        f"Students {name.replace('_', ' ')}: {counts[f'students_{name}']:,}"
        for name in names
        if counts.get(f"students_{name}")
    ]


def _mark(registry: Registry, nights: list[Night]) -> None:
    if not nights:
        return
    with connect(registry.database_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into settled_syncs (sync_id, district) values (%s, %s) on conflict do nothing",
            [(night.id, night.district) for night in nights],
        )
