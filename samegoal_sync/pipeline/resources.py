"""What the pipeline reaches outside itself, as Dagster's resources: Postgres, Qmlativ, SFTP, mail.

The Resources page shows which assets and sensors use which, and of each value the variable that it
comes from, never the value. Values are read by ``settings.py``, with its checks and hints; where a
district's Qmlativ is and with which secret it is asked stands in the registry.
"""

# Without postponed annotations: Dagster looks at the classes' fields itself.

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.mail.mailbox import Incoming, incoming_of
from samegoal_sync.settings import (
    AUDIT_SHIP_VARIABLE,
    DATABASE_VARIABLE,
    IMAP_VARIABLE,
    READ_DEADLINE_VARIABLE,
    SECRET_KEY_VARIABLE,
    SFTP_KEY_VARIABLE,
    SFTP_KNOWN_HOSTS_VARIABLE,
    SFTP_VARIABLE,
    SMTP_VARIABLE,
    WEBHOOK_VARIABLE,
    Settings,
)

if TYPE_CHECKING:
    from samegoal_sync.qmlativ.client import QmlativClient
    from samegoal_sync.samegoal.delivery.csv_files import Files


class Database(dg.ConfigurableResource["Database"]):
    """Our Postgres: districts with their sealed secrets, what is published, each night's result."""

    url: str | None = Field(description="Where it is, with user and password.")
    secret_key: str | None = Field(
        description="Opens districts' secrets; none means the key file in DAGSTER_HOME."
    )

    def registry(self) -> Registry:
        """The registry of districts, by which all else in the database is found."""
        return registry_from_environment(
            _environment({DATABASE_VARIABLE: self.url, SECRET_KEY_VARIABLE: self.secret_key})
        )


class Qmlativ(dg.ConfigurableResource["Qmlativ"]):
    """Districts' Skyward Qmlativ, each at its own address with its own secret."""

    read_deadline_seconds: str | None = Field(
        description="How long all reads of one run may take together; none means three hours."
    )

    def client(self, registry: Registry, slug: str, started_at: datetime) -> "QmlativClient":
        """A client of one district, for what is left of the time that its run may read.

        Args:
            registry: knows where the district's Qmlativ is, and its secret.
            started_at: when the run began.
        """
        from samegoal_sync.qmlativ.client import QmlativClient  # requests: slow to import
        from samegoal_sync.qmlativ.http.limits import limits_of_run

        settings = Settings.from_environment(
            _environment({READ_DEADLINE_VARIABLE: self.read_deadline_seconds})
        )
        limits = limits_of_run(settings.read_deadline_seconds, started_at, datetime.now(UTC))
        return QmlativClient(registry.connection(slug), limits=limits)


class Sftp(dg.ConfigurableResource["Sftp"]):
    """SameGoal's SFTP server, which takes students.csv and guardians.csv."""

    url: str | None = Field(description="Where it is, with user and password or a key.")
    key: str | None = Field(description="File of the private key.")
    known_hosts: str | None = Field(description="File of the server's public key.")

    @property
    def is_set(self) -> bool:
        """Whether there is a server to deliver to."""
        return self._settings().sftp_url is not None

    def deliver(self, database_url: str, slug: str, files: "Files") -> str:
        """Hand a district's files over, and record it; the folder they were put in."""
        from samegoal_sync.samegoal.delivery.deliveries import deliver_and_record

        now = datetime.now(UTC)
        return deliver_and_record(self._settings(), database_url, slug, files, now)

    def _settings(self) -> Settings:
        return Settings.from_environment(
            _environment(
                {
                    SFTP_VARIABLE: self.url,
                    SFTP_KEY_VARIABLE: self.key,
                    SFTP_KNOWN_HOSTS_VARIABLE: self.known_hosts,
                }
            )
        )


class AuditReceiver(dg.ConfigurableResource["AuditReceiver"]):
    """The file or syslog server that takes the audit log, line by line."""

    address: str | None = Field(description="Where it is; none: the log stays in the database.")

    def ship(self, database_url: str) -> int | None:
        """Send lines that wait; how many, or ``None`` where there is no receiver."""
        from samegoal_sync.districts.monitoring.audit_receivers import audit_receiver
        from samegoal_sync.districts.monitoring.audit_shipping import let_lines_go, ship

        to = Settings.from_environment(
            _environment({AUDIT_SHIP_VARIABLE: self.address})
        ).audit_ship_to
        if to is None:
            let_lines_go(database_url)
            return None
        return ship(database_url, audit_receiver(to))


class Mail(dg.ConfigurableResource["Mail"]):
    """The mail server that sends ours, the mailbox to which districts write, and the webhook."""

    smtp_url: str | None = Field(description="Mail out, with user and password; none: no mail.")
    imap_url: str | None = Field(description="Mail in, with user and password; none: no mailbox.")
    webhook_url: str | None = Field(description="Chat that is told too; none: no chat.")

    def settings(self) -> Settings:
        """The settings with these three, for the room that writes and reads mail."""
        return Settings.from_environment(
            _environment(
                {
                    SMTP_VARIABLE: self.smtp_url,
                    IMAP_VARIABLE: self.imap_url,
                    WEBHOOK_VARIABLE: self.webhook_url,
                }
            )
        )

    def mailbox(self) -> Incoming | None:
        """Where our mail comes in; ``None`` when no mailbox is set."""
        return incoming_of(self.settings())


def resources() -> dict[str, Any]:
    """Each resource by its key, as this process's environment sets them."""
    return {
        "database": Database(
            url=_if_set(DATABASE_VARIABLE), secret_key=_if_set(SECRET_KEY_VARIABLE)
        ),
        "qmlativ": Qmlativ(read_deadline_seconds=_if_set(READ_DEADLINE_VARIABLE)),
        "sftp": Sftp(
            url=_if_set(SFTP_VARIABLE),
            key=_if_set(SFTP_KEY_VARIABLE),
            known_hosts=_if_set(SFTP_KNOWN_HOSTS_VARIABLE),
        ),
        "audit_receiver": AuditReceiver(address=_if_set(AUDIT_SHIP_VARIABLE)),
        "mail": Mail(
            smtp_url=_if_set(SMTP_VARIABLE),
            imap_url=_if_set(IMAP_VARIABLE),
            webhook_url=_if_set(WEBHOOK_VARIABLE),
        ),
    }


def _if_set(name: str) -> str | None:
    # Dagster refuses to resolve a variable that is not set, also for a value that may be missing
    # or, in a container, stands in a file (settings.py reads it).
    return dg.EnvVar(name) if os.environ.get(name) else None


def _environment(values: Mapping[str, str | None]) -> dict[str, str]:
    return {**os.environ, **{name: value for name, value in values.items() if value is not None}}
