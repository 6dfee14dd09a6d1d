"""Takes up districts' requests to be connected, and rejects what can't be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.registry.history import events_of_kind
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.authentication_results import Verdict, judge
from samegoal_sync.mail.mailbox import SUBJECT, Incoming, Mail, opened_mailbox
from samegoal_sync.mail.mailer import Thread

RECEIVED, FLAGGED = "mail_received", "mail_flagged"

#: Lines of a district's history that doubtful mails may write in a day.
_FLAGGED_A_DAY = 20
_RECORDED = re.compile(r"(<[^<>\s]+>) from (\S+@\S+)")


@dataclass(frozen=True)
class Taken:
    """What became of the mails with our subject: slugs of requests, and why others wait."""

    requests: tuple[str, ...]
    flagged: tuple[str, ...]


def take_up_requests(registry: Registry, where: Incoming, now: datetime) -> Taken:
    """Read the mailbox once.

    Raises:
        MailError: the mailbox could not be read; what was not taken up is next time.
    """
    taken: list[str] = []
    aside: list[str] = []
    with opened_mailbox(where) as mailbox:
        for mail in mailbox.requests(now):
            district, verdict = _judge(registry, mail, where.authserv_id)
            if district is not None and verdict.authentic:
                _record(registry, district, mail)
                mailbox.mark_answered(mail)
                taken.append(district.slug)
                continue
            mailbox.flag(mail)
            aside.append(verdict.why)
            if district is not None:
                _record_flagged(registry, district, verdict.why, now)
    return Taken(tuple(taken), tuple(aside))


def _judge(registry: Registry, mail: Mail, authserv_id: str) -> tuple[District | None, Verdict]:
    if mail.domain is None or mail.sender is None:
        return None, Verdict(False, "the mail has no sender, or several")
    districts = registry.by_mail_domain(mail.domain)
    if not districts:
        return None, Verdict(False, "no registered district has the sender's domain")
    if len(districts) > 1:
        slugs = ", ".join(one.slug for one in districts)
        return None, Verdict(False, f"several districts have the sender's domain: {slugs}")
    return districts[0], judge(mail.results, authserv_id, mail.domain)


def _record(registry: Registry, district: District, mail: Mail) -> None:
    known = f"{mail.message_id or 'a mail'} from {mail.sender}"
    if any(
        event.what == known
        for event in events_of_kind(registry.database_url, district.slug, RECEIVED)
    ):
        return  # it was recorded, but the mailbox could not be marked
    registry.record(district.slug, RECEIVED, mail.sender or "", known)
    if district.state is DistrictState.REQUESTED:
        registry.set_state(
            district.slug, DistrictState.REQUESTED, "mailbox", "the district asked by mail"
        )


def _record_flagged(registry: Registry, district: District, why: str, now: datetime) -> None:
    """A few lines a day: anybody can send mails, and they would fill the history."""
    recent = events_of_kind(registry.database_url, district.slug, FLAGGED, _FLAGGED_A_DAY)
    if len(recent) < _FLAGGED_A_DAY or recent[-1].at < now - timedelta(days=1):
        registry.record(district.slug, FLAGGED, "mailbox", why)


def newest_request(registry: Registry, slug: str) -> tuple[Thread, str] | None:
    """The district's own mail to answer, and who wrote it."""
    for event in events_of_kind(registry.database_url, slug, RECEIVED):
        if match := _RECORDED.fullmatch(event.what):
            return Thread(match[1], SUBJECT), match[2]
    return None
