"""The access token of one district: asked for, kept, and renewed when it no longer holds.

Three ways of logging in are met: the pair in a form (Qmlativ's own), by HTTP Basic in a GET, and
by HTTP Basic beside a form (RFC 6749). A refusal does not tell a wrong pair from a way that the
server does not know, so each way is tried once, and the one that worked is remembered for the
address as long as the process lives: an address and a word, never a secret.
"""

from __future__ import annotations

import json
import math
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from samegoal_sync.qmlativ.errors import AccessExpired, AnswerBroken, MaintenancePage, QmlativError
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.qmlativ.http.fault_classification import is_web_page, token_fault

#: Seconds after which whoever waits for another's new token looks whether it still needs one.
_LOOK = 0.1
_WHAT = "a token"
_GRANT = {"grant_type": "client_credentials"}


class LoginWay(StrEnum):
    """How Key and secret are sent."""

    FORM = "form"
    BASIC_QUERY = "basic query"
    BASIC_FORM = "basic form"


#: Statuses by which a server may say that it does not know a way of logging in.
_PERHAPS_ANOTHER_WAY = frozenset({400, 401, 403, 404, 405, 415})

_ways: dict[str, LoginWay] = {}
_ways_lock = threading.Lock()


@dataclass(frozen=True, repr=False)
class TokenAnswer:
    """What the token address answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, repr=False)
class TokenRequest:
    """What is sent to the token address; each part of it may hold the secret."""

    method: str
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None


#: Sends a request to the token address, without a token.
SendTokenRequest = Callable[[TokenRequest], TokenAnswer]


class AccessToken:
    """One token for all threads of a client; whoever needs it first asks, the others wait."""

    def __init__(
        self, connection: Connection, client: BackendApplicationClient, send: SendTokenRequest
    ) -> None:
        self._connection, self._client, self._send = connection, client, send
        self._lock = threading.Lock()
        self._generation = 0

    @property
    def renewals(self) -> int:
        """How many tokens were asked for after the first."""
        return max(0, self._generation - 1)

    def newer_than(self, generation: int, give_up: Callable[[], None]) -> int:
        """See to it that ``client`` has a token above this number (0: any), and give its number.

        Args:
            give_up: asked while another thread asks; raises when there is nothing to wait for.

        Raises:
            QmlativError: no token is given out.
        """
        while not self._lock.acquire(timeout=_LOOK):
            give_up()
        try:
            if self._generation <= generation:
                self._ask()
                self._generation += 1
            return self._generation
        finally:
            self._lock.release()

    def _ask(self) -> None:
        answer = self._logged_in()
        if answer.status != 200:
            raise self._fault(answer)
        try:
            _check_token(self._client.parse_request_body_response(_plain(answer.body)))
        except (OAuth2Error, ValueError, TypeError, OverflowError, RecursionError, Warning):
            if is_web_page(answer.body):
                raise MaintenancePage(self._connection.host, _WHAT) from None
            raise AnswerBroken(_WHAT, "holds none") from None

    def _logged_in(self) -> TokenAnswer:
        """The answer to the way that works; where none does, to the way tried first."""
        address = self._connection.token_address
        with _ways_lock:
            first = _ways.get(address, LoginWay.FORM)
        answer = self._send(self._request(first))
        if answer.status not in _PERHAPS_ANOTHER_WAY:
            return answer
        if isinstance(self._fault(answer), AccessExpired):
            return answer  # no other way changes that
        for way in LoginWay:
            if way is first:
                continue
            other = self._send(self._request(way))
            if other.status == 200 and not is_web_page(other.body):
                with _ways_lock:
                    _ways[address] = way
                return other
        return answer

    def _fault(self, answer: TokenAnswer) -> QmlativError:
        return token_fault(self._connection.host, answer.status, answer.headers, answer.body)

    def _request(self, way: LoginWay) -> TokenRequest:
        connection = self._connection
        address, fields = connection.token_address, connection.token_fields
        if way is LoginWay.FORM:
            body = self._client.prepare_request_body(
                include_client_id=True, client_secret=connection.secret.reveal(), **fields
            )
            return TokenRequest("POST", address, _FORM_HEADERS, body)
        pair = f"{connection.client_key}:{connection.secret.reveal()}".encode()
        basic = {"Authorization": f"Basic {b64encode(pair).decode('ascii')}"}
        grant = urlencode({**_GRANT, **fields})
        if way is LoginWay.BASIC_QUERY:
            return TokenRequest("GET", f"{address}?{grant}", basic)
        return TokenRequest("POST", address, _FORM_HEADERS | basic, grant)


#: Seconds; left out, the life of the token before would go on counting.
_NO_END = 2**31
_FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def _plain(body: bytes) -> str:
    """The answer as oauthlib reads it: no byte order mark, a life in whole seconds or none.

    ``expires_in`` is met as text (``"1199.0"``) and blank. Where no life can be read, none ends:
    the server says when a token no longer holds.
    """
    text = body.decode(json.detect_encoding(body))
    try:
        answer = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return text  # oauthlib also reads a form
    if isinstance(answer, dict):
        answer["expires_in"] = _seconds(answer.get("expires_in")) or _NO_END
    return json.dumps(answer)


def _seconds(value: object) -> int | None:
    """A life in seconds; ``None`` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return int(seconds) if math.isfinite(seconds) and 0 < seconds < _NO_END else None


def _check_token(answer: Mapping[str, Any]) -> None:
    """Make sure of a bearer token that fits into a header.

    Raises:
        ValueError: it does not.
    """
    token, kind = answer["access_token"], answer.get("token_type", "bearer")
    if not (isinstance(token, str) and token.isascii() and token.isprintable()):
        raise ValueError
    if str(kind).lower() != "bearer":
        raise ValueError
