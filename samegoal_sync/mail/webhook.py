"""What needs a person, to a chat or a pager: a POST of JSON to one address, beside mail.

``SAMEGOAL_SYNC_WEBHOOK_URL`` is the address, and a secret: whoever has it can write there. One of
Slack's gets ``{"text": ...}``, any other ``{"source", "key", "subject", "text", "district"}``.
Letters wait in the outbox and are sent, tried again and given up as mails are. It is judged as a
district's address is: https, and no private network, by the socket that is really open.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from samegoal_sync.errors import SettingError, SyncError
from samegoal_sync.mail.errors import MailError, MailServerDown
from samegoal_sync.qmlativ.http.connection import is_loopback
from samegoal_sync.secret import Secret
from samegoal_sync.settings import WEBHOOK_VARIABLE, Settings

_SLACK = ("hooks.slack.com", "hooks.slack-gov.com")
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 10.0
#: A server that answers a letter at a time is given up after this.
_MOST_SECONDS = 20.0
_MOST_LETTERS = 3_000


@dataclass(frozen=True)
class Message:
    """One letter of the outbox."""

    key: str
    subject: str
    body: str
    district: str | None


class Webhook:
    """Sends messages to one address."""

    def __init__(self, url: Secret, *, allow_loopback: bool = False) -> None:
        """Take the address.

        Raises:
            SettingError: it can't be used; it is not repeated.
        """
        self._url = url
        try:
            parts = urlsplit(url.reveal())
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise _wrong("is not a web address") from None
        here = allow_loopback and is_loopback(host)
        if not host or parts.username or parts.password or parts.fragment:
            raise _wrong("names no host, or holds a user, a password or a fragment")
        if parts.scheme != "https" and not (parts.scheme == "http" and here):
            raise _wrong("does not begin with https://")
        self.host = host
        self._allow_loopback = allow_loopback

    def send(self, message: Message) -> None:
        """Hand a message over.

        Raises:
            MailError: it was refused; the server's own words are not repeated.
            MailServerDown: it could not be reached, or takes nothing from us now.
        """
        import requests  # slow to import: every code server and run loads this module

        from samegoal_sync.qmlativ.http.guarded_sockets import GuardedAdapter

        adapter = GuardedAdapter(connections=1, allow_loopback=self._allow_loopback)
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            limit = threading.Timer(_MOST_SECONDS, adapter.abort)
            limit.daemon = True
            limit.start()
            try:
                answer = session.post(
                    self._url.reveal(),
                    json=self._payload(message),
                    timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                    allow_redirects=False,
                    stream=True,  # what it says is not read
                )
                answer.close()
            except requests.RequestException as error:
                raise self._down(f"could not be reached ({type(error).__name__})") from None
            except SyncError as error:
                raise self._down(f"is not one to call: {error.what}") from None
            finally:
                limit.cancel()
        if answer.status_code == 429 or answer.status_code >= 500:
            raise self._down(f"answered {answer.status_code}")
        if answer.status_code >= 300:
            raise MailError(
                f"the webhook at {self.host} refused a message ({answer.status_code})",
                hint=f"see that {WEBHOOK_VARIABLE} is the whole address and still in force",
            )

    def _payload(self, message: Message) -> dict[str, Any]:
        text = message.body.strip()
        if len(text) > _MOST_LETTERS:
            text = text[:_MOST_LETTERS] + " …"
        if self.host in _SLACK:
            whole = f"*{message.subject}*\n{text}"
            for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
                whole = whole.replace(sign, written)  # as Slack's own documentation asks
            return {"text": whole}
        return {
            "source": "samegoal-sync",
            "key": message.key,
            "subject": message.subject,
            "text": text,
            "district": message.district,
        }

    def _down(self, how: str) -> MailServerDown:
        return MailServerDown(
            f"the webhook at {self.host} {how}",
            hint=f"see that the host of {WEBHOOK_VARIABLE} is up; the message is tried again",
        )


def webhook_of(settings: Settings) -> Webhook | None:
    """Where what needs a person goes beside mail; ``None`` when nowhere is set."""
    if settings.webhook_url is None:
        return None
    return Webhook(Secret(settings.webhook_url), allow_loopback=settings.allow_loopback)


def _wrong(what: str) -> SettingError:
    return SettingError(
        f"{WEBHOOK_VARIABLE} {what}",
        hint="copy the whole address from Slack (Incoming Webhooks) or your pager: https://...",
    )
