"""Hand the two files to SameGoal by SFTP, in its own protocol.

A load is a folder named for its moment, ``/upload/YYYYMMDD-HHMMSS/``, with both files and then,
last, an empty file ``COMPLETE``; nothing is taken up before it is there. So a load that broke
off is never completed: the next one makes a new folder.

Keys only, and the host's key must be in a known_hosts file: nobody is asked to trust a stranger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paramiko

from samegoal_sync.errors import SettingError
from samegoal_sync.samegoal.delivery.csv_files import Files
from samegoal_sync.samegoal.delivery.ssh_files import private_key, trust
from samegoal_sync.samegoal.errors import DeliveryError, TransientDeliveryError
from samegoal_sync.settings import (
    SFTP_KEY_VARIABLE,
    SFTP_KNOWN_HOSTS_VARIABLE,
    SFTP_VARIABLE,
    Settings,
)

UPLOAD = "/upload"
COMPLETE = "COMPLETE"
#: Stands for the district's slug in SAMEGOAL_SYNC_SFTP_URL and SAMEGOAL_SYNC_SFTP_KEY.
DISTRICT = "{district}"
_TIMEOUT = 30.0


@dataclass(frozen=True)
class Destination:
    """Where files are delivered.

    Attributes:
        host / port / user: of the account; one a district.
        key: file of the account's private key (OpenSSH), without a passphrase.
        known_hosts: file with the host's public key.
        folder: the only folder that can be written.
    """

    host: str
    user: str
    key: Path
    known_hosts: Path
    port: int = 22
    folder: str = UPLOAD

    @classmethod
    def from_settings(cls, settings: Settings, slug: str) -> Destination:
        """From ``SAMEGOAL_SYNC_SFTP_URL``, ``_SFTP_KEY`` and ``_SFTP_KNOWN_HOSTS``.

        An account is one district's: ``{district}`` in the address and in the key's path stands
        for its slug.

        Raises:
            SettingError: one of them is missing or wrong.
        """
        url = (settings.sftp_url or "").replace(DISTRICT, slug)
        key = settings.sftp_key and settings.sftp_key.replace(DISTRICT, slug)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 22
        except ValueError:
            host, port, parts = None, 0, urlsplit("")
        if parts.scheme != "sftp" or not host or not parts.username or parts.password:
            raise SettingError(
                f"{SFTP_VARIABLE} is not an SFTP address" if url else f"{SFTP_VARIABLE} is not set",
                hint="write it as sftp://user@host:22, without a password: only keys are used",
            )
        return cls(
            host,
            unquote(parts.username),
            _file(SFTP_KEY_VARIABLE, key, "the account's private key"),
            _file(SFTP_KNOWN_HOSTS_VARIABLE, settings.sftp_known_hosts, "the host's public key"),
            port,
            parts.path.rstrip("/") or UPLOAD,
        )


def deliver(destination: Destination, files: Files, moment: datetime) -> str:
    """Deliver both files; the folder they were put in.

    Args:
        moment: names the folder; when it is there already, the next free second does.

    Raises:
        DeliveryError: refused: the host's key, the account's key or its file, the folder, or
            the files did not arrive complete.
        TransientDeliveryError: the connection broke or was not there. Either way no COMPLETE
            was written, so nothing is taken up.
    """
    with _session(destination) as sftp:
        folder = _make_folder(sftp, destination.folder, moment)
        for name, content in files.by_name.items():
            with sftp.open(f"{folder}/{name}", "wx") as target:
                target.set_pipelined(True)
                target.write(content)
        for name, content in files.by_name.items():
            arrived = sftp.stat(f"{folder}/{name}").st_size
            if arrived != len(content):
                raise DeliveryError(
                    f"{name} did not arrive whole: {arrived} of {len(content)} bytes",
                    hint="deliver again; a new folder is made and this one is never completed",
                )
        sftp.open(f"{folder}/{COMPLETE}", "wx").close()
        return folder


@contextmanager
def _session(destination: Destination) -> Iterator[paramiko.SFTPClient]:
    key = private_key(destination.key)
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    trust(client.get_host_keys(), destination.known_hosts, destination.host, destination.port)
    try:
        client.connect(
            destination.host,
            destination.port,
            destination.user,
            pkey=key,
            allow_agent=False,
            look_for_keys=False,
            timeout=_TIMEOUT,
            banner_timeout=_TIMEOUT,
            auth_timeout=_TIMEOUT,
            channel_timeout=_TIMEOUT,
        )
        with client.open_sftp() as sftp:
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(_TIMEOUT)
            yield sftp
    except DeliveryError:
        raise
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise _delivery_error(destination, error) from None
    finally:
        client.close()


def _make_folder(sftp: paramiko.SFTPClient, parent: str, moment: datetime) -> str:
    """A folder of our own: names are taken one second after the other until one is free."""
    taken = set(sftp.listdir(parent))
    name = _stamp(moment)
    second = 0
    while name in taken:
        second += 1
        name = _stamp(moment, second)
    folder = f"{parent}/{name}"
    sftp.mkdir(folder, 0o750)
    return folder


def _stamp(moment: datetime, later: int = 0) -> str:
    return (moment + timedelta(seconds=later)).strftime("%Y%m%d-%H%M%S")


def _file(setting: str, name: str | None, what: str) -> Path:
    path = Path(name).expanduser() if name else None
    if path is None or not path.is_file():
        raise SettingError(
            f"{setting} names no file" if path else f"{setting} is not set",
            hint=f"set {setting} to the file with {what}",
        )
    return path


def _delivery_error(destination: Destination, error: Exception) -> DeliveryError:
    """The error in our words; the library's may quote paths and names of the server."""
    where = f"{destination.host}:{destination.port}"
    if isinstance(error, paramiko.BadHostKeyException) or "known_hosts" in str(error):
        return DeliveryError(
            f"the key of {where} is not the one in known_hosts; nothing was sent",
            hint="ask SameGoal for the host's present key and put it into the file of "
            "SAMEGOAL_SYNC_SFTP_KNOWN_HOSTS; never take it from the network",
        )
    if isinstance(error, paramiko.AuthenticationException | paramiko.PasswordRequiredException):
        return DeliveryError(
            f"{where} did not accept the key of {destination.user}",
            hint="register the public key of SAMEGOAL_SYNC_SFTP_KEY with SameGoal; the private "
            "key must have no passphrase",
        )
    if isinstance(error, PermissionError | FileNotFoundError):
        return DeliveryError(
            f"{destination.folder} at {where} can't be written",
            hint="ask SameGoal which folder this account uploads to",
        )
    return TransientDeliveryError(
        f"the delivery to {where} broke off ({type(error).__name__}); without COMPLETE nothing "
        "is taken up",
        hint="deliver again; if it comes again check host, port and firewall",
    )
