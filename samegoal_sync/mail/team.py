"""Who of ours is told: the technical team's mail addresses, and the webhook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from samegoal_sync.mail.mailer import mailer_of
from samegoal_sync.mail.outbox import WEBHOOK, Delivery, deliver, deliver_to_webhook
from samegoal_sync.mail.webhook import webhook_of
from samegoal_sync.settings import Settings


def team_of(settings: Settings) -> tuple[str, ...]:
    """Addresses for the outbox; empty where nothing is set.

    Raises:
        SettingError: what is set can't be used.
    """
    mailer = mailer_of(settings)
    return (*(mailer.way.team if mailer else ()), *webhook_alone(settings))


def webhook_alone(settings: Settings) -> tuple[str, ...]:
    """The webhook, for what a mail says elsewhere."""
    return (WEBHOOK,) if webhook_of(settings) else ()


def deliver_all(settings: Settings, database_url: str, now: datetime) -> Iterator[Delivery]:
    """Send what is due by each way that is set."""
    if (mailer := mailer_of(settings)) is not None:
        yield deliver(database_url, mailer, now)
    if (webhook := webhook_of(settings)) is not None:
        yield deliver_to_webhook(database_url, webhook, now)
