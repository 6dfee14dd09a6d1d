"""Mail out: messages of ids and counts, by SMTP over TLS; a message's id makes it come once.

``SAMEGOAL_SYNC_SMTP_URL`` is ``smtps://user:password@host:465?from=ADDRESS&team=A,B`` or
``smtp+starttls://...:587?...``; ``from`` is what districts see, ``team`` who gets the digest. Parts
with ``@``, ``:`` or ``/`` are percent-encoded. Plain ``smtp://`` is for this machine alone.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import EmailPolicy, Policy
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from samegoal_sync.errors import SettingError
from samegoal_sync.mail.errors import MailError, MailServerDown
from samegoal_sync.qmlativ.http.connection import is_loopback
from samegoal_sync.secret import Secret
from samegoal_sync.settings import SMTP_VARIABLE, Settings

_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
_SECONDS = 30


#: What ends a line for Python, and for no mail server but the first two: one such letter in a
#: district's name stalled every mail behind it.
_LINE_ENDS = dict.fromkeys(map(ord, "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")


class _AsItIs(UnstructuredHeader):
    """A message id, however long: folded, it would become an encoded word that nobody finds."""

    def fold(self, *, policy: Policy[Any]) -> str:
        name: str = self.name  # type: ignore[attr-defined]  # the registry adds BaseHeader
        return f"{name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("in-reply-to", _AsItIs)  # type: ignore[arg-type]  # as the docs say
_HEADERS.map_to_type("references", _AsItIs)  # type: ignore[arg-type]
_POLICY = EmailPolicy(header_factory=_HEADERS)


@dataclass(frozen=True)
class Outgoing:
    """How mail leaves."""

    scheme: str
    host: str
    port: int
    sender: str
    team: tuple[str, ...] = ()
    user: str | None = None
    password: Secret | None = None


def outgoing(url: str) -> Outgoing:
    """Read ``SAMEGOAL_SYNC_SMTP_URL``.

    Raises:
        SettingError: it can't be used; its password is not repeated.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("is not an address") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _wrong("does not begin with smtps:// or smtp+starttls:// and a host")
    if parts.scheme == "smtp" and not is_loopback(parts.hostname):
        raise _wrong("would send mail and password in the open")
    query = parse_qs(parts.query)
    user = unquote(parts.username) if parts.username else None
    sender = query.get("from", [user or ""])[0]
    if "@" not in sender:
        raise _wrong("does not say from which address mail comes")
    team = [one.strip() for one in query.get("team", [""])[0].split(",")]
    return Outgoing(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        sender=sender,
        team=tuple(one for one in team if one),
        user=user,
        password=Secret(unquote(parts.password)) if parts.password else None,
    )


def _wrong(what: str) -> SettingError:
    return SettingError(
        f"{SMTP_VARIABLE} {what}",
        hint="write it as smtps://user:password@host:465?from=tier2help@samegoal.com&team=ADDRESS",
    )


@dataclass(frozen=True)
class Thread:
    """The message that ours answers."""

    message_id: str
    subject: str


def build_message(
    sender: str,
    to: Sequence[str],
    subject: str,
    body: str,
    *,
    key: str | None = None,
    answers: Thread | None = None,
) -> EmailMessage:
    """A plain-text message. With a ``key`` its id is always the same, so that a second sending
    after a crash shows as the same message.

    Raises:
        MailError: no message can be made of it; its words are not repeated.
    """
    try:
        return _built(sender, to, subject, body, key, answers)
    except ValueError as error:
        raise MailError(
            f"a mail can't be written ({type(error).__name__})",
            hint="see that its address, and the name of its district, are one line without "
            "control characters",
        ) from None


def _built(
    sender: str,
    to: Sequence[str],
    subject: str,
    body: str,
    key: str | None,
    answers: Thread | None,
) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    domain = sender.rpartition("@")[2]
    message["From"], message["To"] = sender, ", ".join(to)
    about = f"Re: {answers.subject}" if answers else subject
    message["Subject"] = about.translate(_LINE_ENDS)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{key}.samegoal-sync@{domain}>" if key else make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
    if answers:
        message["In-Reply-To"] = message["References"] = answers.message_id
    message.set_content(body)
    return message


class Mailer:
    """Sends messages, each with a connection of its own: there are few."""

    def __init__(self, way: Outgoing) -> None:
        self.way = way

    def send(self, message: EmailMessage) -> None:
        """Hand a message to the mail server.

        Raises:
            MailError: this message was refused; the server's own words are not repeated.
            MailServerDown: it could not be reached, or takes nothing from us.
        """
        try:
            with self._connected() as server:
                if self.way.user and self.way.password:
                    server.login(self.way.user, self.way.password.reveal())
                self._hand_over(server, message)
        except smtplib.SMTPResponseException as error:
            raise self._failed(MailServerDown, f"answered {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as error:
            how = f"could not be used ({type(error).__name__})"
            raise self._failed(MailServerDown, how) from None

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({str(code) for code, _ in error.recipients.values()})
            raise self._failed(MailError, f"refused the address ({', '.join(codes)})") from None
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            raise self._failed(MailError, f"refused the message ({error.smtp_code})") from None
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            # An address or a text that this server can't be sent at all.
            raise self._failed(MailError, f"can't take it ({type(error).__name__})") from None

    def _connected(self) -> smtplib.SMTP:
        way, context = self.way, ssl.create_default_context()
        if way.scheme == "smtps":
            return smtplib.SMTP_SSL(way.host, way.port, timeout=_SECONDS, context=context)
        server = smtplib.SMTP(way.host, way.port, timeout=_SECONDS)
        if way.scheme == "smtp+starttls":
            try:
                server.starttls(context=context)
            except (OSError, smtplib.SMTPException):
                server.close()
                raise
        return server

    def _failed(self, kind: type[MailError], how: str) -> MailError:
        return kind(
            f"the mail server {self.way.host} {how}",
            hint=f"check {SMTP_VARIABLE} (host, port, user, password, from); mail is tried again",
        )


def mailer_of(settings: Settings) -> Mailer | None:
    """Who sends our mail; ``None`` when no mail server is set."""
    return Mailer(outgoing(settings.smtp_url)) if settings.smtp_url else None
