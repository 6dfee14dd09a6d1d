"""One request, one answer: OAuth 2.0 session, shared token, bounded body, faults as types."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
from requests_oauthlib import OAuth2Session

from samegoal_sync.qmlativ.errors import (
    AccessRefused,
    AnswerBroken,
    AnswerTooLarge,
    CertificateRefused,
    MaintenancePage,
    QmlativError,
    ServerSilent,
    ServerUnreachable,
)
from samegoal_sync.qmlativ.http.access_token import AccessToken, TokenAnswer, TokenRequest
from samegoal_sync.qmlativ.http.connection import Connection, is_loopback
from samegoal_sync.qmlativ.http.fault_classification import (
    StaleToken,
    fault_of,
    fault_of_fresh_token,
    is_stale_token,
    is_web_page,
)
from samegoal_sync.qmlativ.http.guarded_sockets import GuardedAdapter
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.rate_limit import gate_of
from samegoal_sync.qmlativ.http.read_budget import ReadBudget
from samegoal_sync.qmlativ.http.retry_policy import RetryPolicy

# requests-oauthlib writes tokens to its log at DEBUG; DEBUG may show no more than INFO.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)

_BLOCK = 1 << 18
_LENGTH = re.compile(r"[0-9]{1,12}")

#: Bytes that are reserved on a server's mere word that it will send so many.
_RESERVED = 64 * 2**20
_ERROR_BYTES = 1 << 16
_TOKEN_BYTES = 1 << 20
#: Bytes by which a web page is known.
_FIRST = 4_097


class Transport:
    """Sends GET and POST to one district's server; safe to share between threads."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        retry_policy: RetryPolicy,
        budget: ReadBudget,
    ) -> None:
        self._connection, self._limits, self._retry_policy = connection, limits, retry_policy
        self._budget = budget
        self._places = threading.BoundedSemaphore(limits.threads)
        self._gate = gate_of(connection.host, limits)
        client = BackendApplicationClient(client_id=connection.client_key)
        self._adapter = GuardedAdapter(
            connections=limits.threads + 1, allow_loopback=connection.allow_loopback
        )
        self._session = _session(connection, self._adapter, client)
        self._token = AccessToken(connection, client, self._ask_token)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    @property
    def renewals(self) -> int:
        """How many tokens were asked for after the first."""
        return self._token.renewals

    def get(self, address: str, asked: str) -> bytes:
        """The body of an answer to a GET; ``asked`` names it in messages."""
        return self._with_token("GET", address, asked, {}).getvalue()

    def search(
        self,
        address: str,
        asked: str,
        params: Sequence[tuple[str, str]],
        body: Mapping[str, object],
        stop: threading.Event | None = None,
    ) -> io.BytesIO:
        """The body of an answer to a search: fields in the query, everything else in the body.

        Args:
            params: the fields, as ``field_query.py`` writes them.
            stop: once set, the search is not waited for any longer.
        """
        parts = {"params": list(params), "json": body}
        return self._with_token("POST", address, asked, parts, stop)

    def abort(self) -> None:
        """Break off every answer under way: whoever waits for one is let go at once."""
        self._adapter.abort()

    def _with_token(
        self,
        method: str,
        address: str,
        asked: str,
        parts: dict[str, Any],
        stop: threading.Event | None = None,
    ) -> io.BytesIO:
        """Send with the shared token; if it does not hold, once more with a new one.

        The token is taken once a place is held, never before: it must not grow stale in a queue,
        and asking for one is a request like any other.
        """

        def give_up() -> None:
            self._retry_policy.check(stop)

        with self._places, self._gate.place(self._limits.slow_seconds, give_up):
            generation = self._token.newer_than(0, give_up)
            try:
                return self._send(method, address, asked, parts)
            except (StaleToken, TokenExpiredError):
                self._token.newer_than(generation, give_up)
            try:
                return self._send(method, address, asked, parts, renewed=True)
            except (StaleToken, TokenExpiredError):
                raise AccessRefused(self._connection.host) from None

    def _send(
        self, method: str, address: str, asked: str, parts: dict[str, Any], *, renewed: bool = False
    ) -> io.BytesIO:
        status, headers, body = self._exchange(method, address, asked, parts)
        if status == 200:
            first = bytes(body.getbuffer()[:_FIRST])
            if is_web_page(first):
                raise MaintenancePage(self._connection.host, asked)
            if is_stale_token(first):
                raise StaleToken
            return body
        host, text = self._connection.host, body.getvalue()
        fault = fault_of(host, status, headers, text, asked)
        if isinstance(fault, StaleToken) and renewed:
            fault = fault_of_fresh_token(host, status, text, asked)
        raise fault

    def _ask_token(self, request: TokenRequest) -> TokenAnswer:
        parts: dict[str, Any] = {"headers": dict(request.headers), "data": request.data}
        status, headers, body = self._exchange(
            request.method, request.address, "a token", parts, token=True
        )
        return TokenAnswer(status, headers, body.getvalue())

    def _exchange(
        self, method: str, address: str, asked: str, parts: dict[str, Any], *, token: bool = False
    ) -> tuple[int, Mapping[str, str], io.BytesIO]:
        limits, host = self._limits, self._connection.host
        timeouts = limits.connect_seconds, self._read_seconds()
        with _faults_of_the_network(host, asked, *timeouts):
            response = self._session.request(
                method,
                address,
                withhold_token=token,
                stream=True,
                allow_redirects=False,
                timeout=timeouts,
                **parts,
            )
            with closing(response):
                good = response.status_code == 200
                most = limits.body_bytes if good else _ERROR_BYTES
                most = min(most, _TOKEN_BYTES) if token else most
                body = self._body(response, asked, most, strict=good)
        return response.status_code, response.headers, body

    def _read_seconds(self) -> float:
        """How long to wait for a byte: never much beyond the district's deadline."""
        return min(self._limits.read_seconds, max(1.0, self._retry_policy.remaining()))

    def _body(
        self, response: requests.Response, asked: str, most: int, *, strict: bool
    ) -> io.BytesIO:
        """The decompressed body, never more of it than allowed, in time.

        It is read into one buffer of its announced length: each further copy of a body costs
        about a tenth of what parsing it does, most of that in the kernel for fresh pages.
        """
        if "," in response.headers.get("Content-Encoding", ""):
            raise AnswerBroken(asked, "is compressed more than once")
        body, size = _buffer_for(response, most), 0
        while block := response.raw.read1(_BLOCK, decode_content=True):
            body.write(block)
            size += len(block)
            if size > most:
                if strict:
                    raise AnswerTooLarge(asked, f"an answer is larger than {most} bytes")
                break
            self._retry_policy.check()
        body.truncate(size)
        self._budget.receive(size)
        return body


def _buffer_for(response: requests.Response, most: int) -> io.BytesIO:
    """An empty buffer, as large as the body says that it will be."""
    body, announced = io.BytesIO(), response.headers.get("Content-Length", "")
    if _LENGTH.fullmatch(announced) and 0 < int(announced) <= min(most, _RESERVED):
        body.seek(int(announced) - 1)
        body.write(b"\0")
        body.seek(0)
    return body


class _Session(OAuth2Session):
    """A session that follows nobody."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: to find where a redirect leads, requests would read all of its body first."""


def _session(
    connection: Connection, adapter: GuardedAdapter, client: BackendApplicationClient
) -> OAuth2Session:
    if connection.allow_loopback and is_loopback(urlsplit(connection.base_url).hostname or ""):
        # oauthlib knows no other way to allow http; guarded_sockets.py keeps http to loopback.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    session = _Session(client=client)
    # A .netrc must not replace the token, a proxy must not hide which host is reached.
    session.trust_env = False
    session.headers.update(
        {"Suppress-Development-Permissions": "true", "Accept": "application/json"}
    )
    session.headers.update(connection.headers)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@contextmanager
def _faults_of_the_network(
    host: str, asked: str, connect_seconds: float, read_seconds: float
) -> Iterator[None]:
    """Lower libraries' exceptions as ours; their texts, which hold addresses, are left behind."""
    try:
        yield
    except (QmlativError, StaleToken):
        raise
    except requests.exceptions.SSLError:
        raise CertificateRefused(host) from None
    except requests.exceptions.ConnectTimeout:
        raise ServerSilent(host, connect_seconds) from None
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
        raise ServerSilent(host, read_seconds) from None
    except urllib3.exceptions.DecodeError:
        raise AnswerBroken(asked, "can't be decompressed") from None
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        how = "broke off its answer" if "IncompleteRead" in repr(error) else "can't be reached"
        raise ServerUnreachable(host, how) from None


def parsed(body: bytes, asked: str) -> Any:
    """The JSON of a small answer.

    Raises:
        AnswerBroken: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerBroken(asked, "is not JSON") from None
