"""The environment, read and checked in one place.

All of it is optional on one machine: without any variable, everything lies in ``.local`` beside
the checkout (or the current folder), readable by its owner alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samegoal_sync.errors import SettingError
from samegoal_sync.loopback import sandbox_runs_in

HOME_VARIABLE = "DAGSTER_HOME"
DATABASE_VARIABLE = "SAMEGOAL_SYNC_DATABASE_URL"
PORTAL_DATABASE_VARIABLE = "SAMEGOAL_SYNC_PORTAL_DATABASE_URL"
DAGSTER_DATABASE_VARIABLE = "SAMEGOAL_SYNC_DAGSTER_DATABASE_URL"
STORAGE_VARIABLE = "SAMEGOAL_SYNC_STORAGE"
SECRET_KEY_VARIABLE = "SAMEGOAL_SYNC_SECRET_KEY"  # noqa: S105 (the name of a variable)
SMTP_VARIABLE = "SAMEGOAL_SYNC_SMTP_URL"
IMAP_VARIABLE = "SAMEGOAL_SYNC_IMAP_URL"
SFTP_VARIABLE = "SAMEGOAL_SYNC_SFTP_URL"
SFTP_KEY_VARIABLE = "SAMEGOAL_SYNC_SFTP_KEY"
SFTP_KNOWN_HOSTS_VARIABLE = "SAMEGOAL_SYNC_SFTP_KNOWN_HOSTS"
CSV_LAYOUT_VARIABLE = "SAMEGOAL_SYNC_CSV_LAYOUT"
WEBHOOK_VARIABLE = "SAMEGOAL_SYNC_WEBHOOK_URL"
METRICS_TOKEN_VARIABLE = "SAMEGOAL_SYNC_METRICS_TOKEN"  # noqa: S105 (the name of a variable)
PORTAL_VARIABLE = "SAMEGOAL_SYNC_PORTAL_URL"
LOOPBACK_VARIABLE = "SAMEGOAL_SYNC_ALLOW_LOOPBACK"
AUDIT_SHIP_VARIABLE = "SAMEGOAL_SYNC_AUDIT_SHIP_TO"
RETENTION_VARIABLE = "SAMEGOAL_SYNC_RETENTION"
#: Each may be given as a file that holds it (NAME_FILE), as containers and systemd hand them over.
SECRET_VARIABLES = (
    DATABASE_VARIABLE,
    PORTAL_DATABASE_VARIABLE,
    SECRET_KEY_VARIABLE,
    SMTP_VARIABLE,
    IMAP_VARIABLE,
    WEBHOOK_VARIABLE,
    METRICS_TOKEN_VARIABLE,
)
FILE_SUFFIX = "_FILE"
_MOST_BYTES = 65_536

READ_DEADLINE_VARIABLE = "SAMEGOAL_SYNC_READ_DEADLINE_SECONDS"

#: Below Dagster's limit of a run (``max_runtime_seconds`` in dagster.yaml), with time to publish.
READ_DEADLINE_SECONDS = 10_800
LONGEST_READ_DEADLINE_SECONDS = 12_600
_SHORTEST_READ_DEADLINE_SECONDS = 60
#: Days: below them a person could delete what they did before anybody looks at it.
_LEAST_KEPT = {"changes": 30, "syncs": 60, "audit": 365}


@dataclass(frozen=True)
class Retention:
    """Days for which records are kept; ``None`` keeps them for good."""

    changes: int | None = None
    syncs: int | None = None
    audit: int | None = None


@dataclass(frozen=True)
class Settings:
    """Where things lie and how they are reached.

    Attributes:
        home: ``DAGSTER_HOME``: Dagster's instance, the embedded Postgres, keys.
        database_url: ``postgresql://...``; ``None`` means the embedded Postgres in ``home``.
        portal_database_url: the same database with the portal's own login; ``None``: the owner's.
        storage: folder of the frames, where they lie on a disk.
        object_storage: ``s3://bucket/prefix``, where they lie there instead.
        secret_keys: Fernet keys, newest first; empty means the key file in ``home``.
        smtp_url / imap_url: mail out and in; ``None`` means no mail.
        sftp_url / sftp_key / sftp_known_hosts: where SameGoal takes files, and the two key files;
            in the first two ``{district}`` stands for the district's slug.
        csv_layout: TOML file of the headers of both CSV files; ``None``: the default ones.
        webhook_url: where what needs a person goes beside mail; a secret; ``None``: nowhere.
        metrics_token: who asks the monitor for metrics sends it; ``None``: this machine alone asks.
        portal_url: address of the portal, for links from the Dagster UI; ``None`` means no links.
        allow_loopback: accept ``http://127.0.0.1`` base URLs (the sandbox, tests); also while
            a sandbox of ``home`` runs.
        read_deadline_seconds: how long all reads of one run may take together.
        retention: how long what has happened is kept.
        audit_ship_to: a file or syslog server that takes the audit log; ``None``: none does.
    """

    home: Path
    storage: Path
    object_storage: str | None = None
    database_url: str | None = None
    portal_database_url: str | None = field(default=None, repr=False)
    secret_keys: tuple[str, ...] = ()
    smtp_url: str | None = None
    imap_url: str | None = None
    sftp_url: str | None = None
    sftp_key: str | None = None
    sftp_known_hosts: str | None = None
    csv_layout: Path | None = None
    webhook_url: str | None = field(default=None, repr=False)
    metrics_token: str | None = field(default=None, repr=False)
    portal_url: str | None = None
    allow_loopback: bool = False
    read_deadline_seconds: int = READ_DEADLINE_SECONDS
    retention: Retention = Retention()
    audit_ship_to: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment once.

        Raises:
            SettingError: a variable is set to something that can't be used.
        """
        values = with_secrets_of_files(os.environ if environment is None else environment)
        home = Path(values.get(HOME_VARIABLE) or Path.cwd() / ".local" / "dagster").expanduser()
        if not home.is_absolute():
            raise SettingError(
                f"{HOME_VARIABLE} is not an absolute path",
                hint=f"set {HOME_VARIABLE} to a full path, or unset it to use ./.local/dagster",
            )
        folder = str(home.parent / "storage")
        storage = values.get(STORAGE_VARIABLE) or folder
        object_storage = storage if "://" in storage else None
        if object_storage and not object_storage.startswith("s3://"):
            raise SettingError(
                f"{STORAGE_VARIABLE} names a kind of storage that is not supported",
                hint="write it as s3://BUCKET/PREFIX, or name a folder that every worker shares",
            )
        database_url = _database_url(values, DATABASE_VARIABLE)
        portal_database_url = _database_url(values, PORTAL_DATABASE_VARIABLE)
        if portal_database_url and not database_url:
            raise SettingError(
                f"{PORTAL_DATABASE_VARIABLE} is set, and {DATABASE_VARIABLE} is not",
                hint=f"set {DATABASE_VARIABLE} too, or unset both: the project's own Postgres "
                "has a login for the portal by itself",
            )
        portal_url = values.get(PORTAL_VARIABLE) or None
        if portal_url and not portal_url.startswith(("https://", "http://")):
            raise SettingError(
                f"{PORTAL_VARIABLE} is not a web address",
                hint="write it as https://host, as people open the portal; or unset it",
            )
        keys = tuple(key.strip() for key in values.get(SECRET_KEY_VARIABLE, "").split(","))
        return cls(
            home=home,
            storage=Path(folder if object_storage else storage).expanduser().absolute(),
            object_storage=object_storage,
            database_url=database_url,
            portal_database_url=portal_database_url,
            secret_keys=tuple(key for key in keys if key),
            smtp_url=values.get(SMTP_VARIABLE) or None,
            imap_url=values.get(IMAP_VARIABLE) or None,
            sftp_url=values.get(SFTP_VARIABLE) or None,
            sftp_key=values.get(SFTP_KEY_VARIABLE) or None,
            sftp_known_hosts=values.get(SFTP_KNOWN_HOSTS_VARIABLE) or None,
            csv_layout=_path(values.get(CSV_LAYOUT_VARIABLE)),
            webhook_url=values.get(WEBHOOK_VARIABLE) or None,
            metrics_token=values.get(METRICS_TOKEN_VARIABLE) or None,
            portal_url=portal_url,
            read_deadline_seconds=_read_deadline(values.get(READ_DEADLINE_VARIABLE)),
            retention=_retention(values.get(RETENTION_VARIABLE)),
            audit_ship_to=values.get(AUDIT_SHIP_VARIABLE) or None,
            allow_loopback=values.get(LOOPBACK_VARIABLE, "") in {"1", "true", "yes"}
            or _has_sandbox(home),
        )


def _database_url(values: Mapping[str, str], variable: str) -> str | None:
    url = values.get(variable) or None
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SettingError(
            f"{variable} is not a Postgres address",
            hint="write it as postgresql://user:password@host:5432/database",
        )
    return url


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _retention(text: str | None) -> Retention:
    """``changes=1825,audit=2555``: days a kind of record.

    Raises:
        SettingError: a kind is unknown, or its days are no number or too few.
    """
    kept: dict[str, int] = {}
    for part in (text or "").replace(" ", "").split(","):
        if not part:
            continue
        kind, _, days = part.partition("=")
        if kind not in _LEAST_KEPT or not re.fullmatch(r"[0-9]{1,6}", days):
            raise SettingError(
                f"{RETENTION_VARIABLE} is not made of kinds of records and days",
                hint="write it as changes=1825,syncs=1095,audit=2555; a kind that is left out is "
                "kept for good",
            )
        if int(days) < _LEAST_KEPT[kind]:
            raise SettingError(
                f"{RETENTION_VARIABLE} keeps {kind} for {days} days only",
                hint=f"at least {_LEAST_KEPT[kind]} days of {kind} are kept",
            )
        kept[kind] = int(days)
    return Retention(**kept)


def with_secrets_of_files(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with each secret that is named by its file.

    Raises:
        SettingError: a file can't be read, is empty, or the secret is given twice.
    """
    values = dict(environment)
    for name in SECRET_VARIABLES:
        if path := values.get(name + FILE_SUFFIX):
            if values.get(name):
                raise SettingError(
                    f"{name} and {name}{FILE_SUFFIX} are both set",
                    hint=f"unset one of them; {name}{FILE_SUFFIX} keeps the secret out of the "
                    "environment",
                )
            values[name] = _secret_of(Path(path), name + FILE_SUFFIX)
    return values


def _secret_of(path: Path, variable: str) -> str:
    """What a file holds, without the line's end; an error names the variable, never the content."""
    try:
        with path.expanduser().open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        raise SettingError(
            f"the file that {variable} names can't be read ({type(error).__name__})",
            hint=f"see that {path} is there, is text and belongs to this user",
        ) from None
    if not text or "\n" in text or len(text) > _MOST_BYTES:
        raise SettingError(
            f"the file that {variable} names must hold one line: the secret",
            hint=f"write the value, and nothing else, into {path}",
        )
    return text


def _read_deadline(text: str | None) -> int:
    """Seconds for all of a run's reads.

    Raises:
        SettingError: no number, or beyond what Dagster lets a run take.
    """
    if not text:
        return READ_DEADLINE_SECONDS
    least, most = _SHORTEST_READ_DEADLINE_SECONDS, LONGEST_READ_DEADLINE_SECONDS
    if not (text.isascii() and text.isdecimal() and least <= int(text[:9]) <= most):
        raise SettingError(
            f"{READ_DEADLINE_VARIABLE} is not a number of seconds from {least} to {most}",
            hint=f"unset it ({READ_DEADLINE_SECONDS} s then), or set it to such a number; a run "
            "itself may take as long as max_runtime_seconds in dagster.yaml says",
        )
    return int(text)


def _has_sandbox(home: Path) -> bool:
    try:
        return sandbox_runs_in(home)
    except PermissionError:
        raise SettingError(
            f"{home} is closed to this user: another one made it",
            hint=f"run as the user who owns it, or set {HOME_VARIABLE} to a folder of your own",
        ) from None
