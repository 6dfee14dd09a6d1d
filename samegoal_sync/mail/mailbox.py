"""Mail in: finds districts' requests in tier2help's inbox, by IMAP over TLS.

``SAMEGOAL_SYNC_IMAP_URL`` is ``imaps://user:password@host:993/INBOX?authserv=NAME``. The
last is the name by which the receiving server signs its Authentication-Results. Only headers are
read, and only of mails whose subject names SameGoal; all others are left untouched. A request that
was taken up is marked answered, a doubtful one is flagged for a person.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.errors import ObsoleteHeaderDefect
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from samegoal_sync.errors import SettingError
from samegoal_sync.mail.errors import MailError
from samegoal_sync.secret import Secret
from samegoal_sync.settings import IMAP_VARIABLE, Settings

SUBJECT = "Complete SameGoal Demographics Integration"

_SECONDS = 30
_HEADER_BYTES = 65_536
#: What one look at the mailbox takes: the headers of some thousand mails.
_MOST_BYTES = 256 * 2**20
_OLDEST = timedelta(days=30)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[a-z0-9.-]{1,253}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Incoming:
    """Where mail comes in."""

    host: str
    port: int
    user: str
    password: Secret
    folder: str
    authserv_id: str


@dataclass(frozen=True)
class Mail:
    """A mail whose subject is ours, by its headers.

    Attributes:
        sender: the one address of From, lower case; ``None`` if there is not exactly one.
        message_id: with its angle brackets, or ``None``.
        results: Authentication-Results as they came, undecoded, topmost first.
    """

    uid: str
    sender: str | None
    message_id: str | None
    subject: str
    results: tuple[str, ...]

    @property
    def domain(self) -> str | None:
        return self.sender.rpartition("@")[2] if self.sender else None


def incoming(url: str) -> Incoming:
    """Read ``SAMEGOAL_SYNC_IMAP_URL``.

    Raises:
        SettingError: it can't be used; its password is not repeated.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 993
    except ValueError:
        raise _wrong("is not an address") from None
    authserv = parse_qs(parts.query).get("authserv", [""])[0]
    if parts.scheme != "imaps" or not parts.hostname or not parts.username or not parts.password:
        raise _wrong("is not imaps:// with a user, a password and a host")
    if not authserv:
        raise _wrong("does not say by which name the server signs Authentication-Results")
    return Incoming(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=Secret(unquote(parts.password)),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        authserv_id=authserv,
    )


def _wrong(what: str) -> SettingError:
    return SettingError(
        f"{IMAP_VARIABLE} {what}",
        hint="write it as imaps://user:password@host:993/INBOX?authserv=mx.samegoal.com; for a "
        "server that names itself nowhere (Microsoft 365): authserv=nameless",
    )


def incoming_of(settings: Settings) -> Incoming | None:
    """Where our mail comes in; ``None`` when no mailbox is set."""
    return incoming(settings.imap_url) if settings.imap_url else None


class _Server(imaplib.IMAP4_SSL):
    """Takes no more than was asked for; imaplib makes room for any length that a server tells."""

    _received = 0

    def read(self, size: int) -> bytes:
        if size > 2 * _HEADER_BYTES:
            raise self.abort("a part is longer than what was asked for")
        return self._counted(super().read(size))

    def readline(self) -> bytes:
        return self._counted(super().readline())

    def __exit__(self, *error: Any) -> None:
        """Sign out; after an error without a word more, for the answer to it may be another one."""
        if error[0] is None:
            super().__exit__(*error)
        else:
            with suppress(OSError):
                self.shutdown()

    def _counted(self, data: bytes) -> bytes:
        self._received += len(data)
        if self._received > _MOST_BYTES:
            raise self.abort("more comes than was asked for")
        return data


class Mailbox:
    """An open mailbox."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server

    def requests(self, now: datetime) -> list[Mail]:
        """Mails of the last 30 days with our subject that nobody has taken up, oldest first."""
        since = (now - _OLDEST).astimezone(UTC)
        day = f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"
        _, found = self._server.uid(
            "SEARCH", "UNANSWERED", "UNFLAGGED", "UNDELETED", "SINCE", day, "SUBJECT", "SameGoal"
        )
        mails = [self._headers(uid.decode()) for uid in (found[0] or b"").split()]
        return [mail for mail in mails if mail and is_our_subject(mail.subject)]

    def _headers(self, uid: str) -> Mail | None:
        _, answer = self._server.uid("FETCH", uid, f"(BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>)")
        raw = next((part[1] for part in answer if isinstance(part, tuple)), None)
        return None if raw is None else read_headers(uid, raw)

    def mark_answered(self, mail: Mail) -> None:
        """Taken up: not read again."""
        self._server.uid("STORE", mail.uid, "+FLAGS", r"(\Answered \Seen)")

    def flag(self, mail: Mail) -> None:
        """Left for a person: flagged, and still unread."""
        self._server.uid("STORE", mail.uid, "+FLAGS", r"(\Flagged)")


def is_our_subject(subject: str) -> bool:
    """Word for word ours; case and blanks are forgiven."""
    return " ".join(subject.split()).casefold() == SUBJECT.casefold()


def read_headers(uid: str, raw: bytes) -> Mail:
    """What we go by of a mail's headers; one that can't be understood counts as missing."""
    message = message_from_bytes(raw, EmailMessage, policy=policy.default)
    (message_id,) = _texts(message, "Message-ID")[:1] or ("",)
    return Mail(
        uid=uid,
        sender=_sender(message),
        message_id=message_id if _MESSAGE_ID.fullmatch(message_id) else None,
        subject=" ".join(_texts(message, "Subject")),
        results=_undecoded(raw, "Authentication-Results"),
    )


def _texts(message: EmailMessage, name: str) -> tuple[str, ...]:
    """A header's values in letters that can be kept; the standard library trips over some."""
    try:
        values = [str(value).strip() for value in message.get_all(name, [])]
    except Exception:  # one odd mail must not keep all the others from being read
        return ()
    return tuple("".join(c if c.isprintable() else " " for c in value) for value in values)


def _undecoded(raw: bytes, name: str) -> tuple[str, ...]:
    """A header's values as they came: encoded words and odd letters are the reader's to refuse."""
    message = message_from_bytes(raw, policy=policy.compat32)
    return tuple(value for found, value in message.raw_items() if found.lower() == name.lower())


def _sender(message: EmailMessage) -> str | None:
    try:
        (header,) = message.get_all("From", [])
        (sender,) = (str(one.addr_spec).lower() for one in header.addresses)
    except Exception:  # as above, and of several senders none counts
        return None
    # What is broken is read in two ways: by us in one, by who vouches for it in another.
    broken = any(not isinstance(one, ObsoleteHeaderDefect) for one in header.defects)
    return sender if _ADDRESS.fullmatch(sender) and not broken else None


@contextmanager
def opened_mailbox(where: Incoming) -> Iterator[Mailbox]:
    """Sign in and open the folder.

    Raises:
        MailError: the server could not be reached or refused; its words are not repeated.
    """
    try:
        with _Server(
            where.host, where.port, ssl_context=ssl.create_default_context(), timeout=_SECONDS
        ) as server:
            server.login(where.user, where.password.reveal())
            status, _ = server.select(_quoted(where.folder))
            if status != "OK":
                raise imaplib.IMAP4.error
            yield Mailbox(server)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailError(
            f"the mailbox at {where.host} could not be read ({type(error).__name__})",
            hint=f"check {IMAP_VARIABLE} (host, port, user, password, folder); it is tried again",
        ) from None


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
