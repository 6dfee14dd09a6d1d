"""How to reach one district's Qmlativ: address and credentials, checked where they are entered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

from samegoal_sync.errors import UsageError
from samegoal_sync.qmlativ.http.public_ip_addresses import address_of, is_public
from samegoal_sync.secret import Secret
from samegoal_sync.settings import LOOPBACK_VARIABLE

#: Letters, digits and what needs no encoding: nothing that is read in two ways.
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")

_HINT = "copy the district's API Base URL, for example https://skyward.iscorp.com/FairviewTXStuAPI"


class _Named(NamedTuple):
    """An address as a person knows it, and how to get it right."""

    what: str
    hint: str


_BASE_URL = _Named("API Base URL", _HINT)
_TOKEN_URL = _Named(
    "token URL",
    "copy the token address of the vendor's gateway, for example "
    "https://gateway.example.org/KEY/oauth/token; without one {API Base URL}/oauth/token is asked",
)


@dataclass(frozen=True)
class Connection:
    """One district's address and credentials.

    Attributes:
        base_url: API Base URL (see ``checked_base_url``).
        client_key: the Integration Access's Key.
        secret: its secret.
        token_url: where tokens are asked for; ``None`` means ``{base_url}/oauth/token``.
        api_prefix: ``Custom``, or ``Generic`` for vendors with that API.
        token_fields: further form fields of the token request.
        headers: further headers of every request.
        district_id: which district of a system that holds several.
        allow_loopback: also http and loopback addresses (the sandbox).
    """

    base_url: str
    client_key: str
    secret: Secret
    token_url: str | None = None
    api_prefix: str = "Custom"
    token_fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    district_id: int | None = None
    allow_loopback: bool = False

    @property
    def host(self) -> str:
        """Host (and port) for messages, tags and the bound on requests a host."""
        return urlsplit(self.base_url).netloc

    @property
    def token_address(self) -> str:
        return self.token_url or f"{self.base_url}/oauth/token"


def checked_base_url(text: str, *, allow_loopback: bool) -> str:
    """An API Base URL as it is kept: https, a host, a path, no slash at its end.

    Forgives blanks around it, slashes at its end, a missing scheme, an address copied from a
    page below it (``…/swagger/ui/index``, ``…/oauth/token``) and the web address ending in
    ``STS`` instead of ``API``.

    Raises:
        UsageError: what is wrong with it, and what one looks like.
    """
    trimmed = "".join(text.split())
    parts = _split(trimmed if "://" in trimmed else f"https://{trimmed}", _BASE_URL)
    _check_host(parts, _BASE_URL, allow_loopback=allow_loopback)
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or ".." in path:
        raise UsageError("the API Base URL holds characters that none has", hint=_HINT)
    for page in ("/swagger/ui/index", "/swagger", "/oauth/token"):
        if path.lower().endswith(page):
            path = path[: -len(page)].rstrip("/")
    if path.upper().endswith("STS"):
        path = path[:-3] + "API"
    if not path:
        raise UsageError("the API Base URL has no path after its host", hint=_HINT)
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, "", ""))


def checked_token_url(text: str, *, allow_loopback: bool) -> str:
    """A token address of a vendor's own gateway: https and a public host, otherwise as given.

    Raises:
        UsageError: what is wrong with it.
    """
    parts = _split(text.strip(), _TOKEN_URL)
    _check_host(parts, _TOKEN_URL, allow_loopback=allow_loopback)
    return urlunsplit(parts)


def _split(text: str, named: _Named) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (reading it checks it)
    except ValueError:
        raise UsageError(f"the {named.what} is not a web address", hint=named.hint) from None
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or parts.port == 0:
        raise UsageError(f"the {named.what} names no host that can be reached", hint=named.hint)
    if parts.username or parts.password:
        raise UsageError(f"the {named.what} holds a user name or password", hint=named.hint)
    if parts.fragment or parts.query:
        raise UsageError(f"the {named.what} holds a query (what follows ? or #)", hint=named.hint)
    return parts


def _check_host(parts: SplitResult, named: _Named, *, allow_loopback: bool) -> None:
    host = parts.hostname or ""
    loopback = is_loopback(host)
    if loopback and not allow_loopback:
        raise UsageError(
            f"the {named.what} leads to this machine itself",
            hint=f"{named.hint}; an address of the sandbox is accepted only while that runs in the "
            "same DAGSTER_HOME (samegoal-sync demo, or samegoal-sync sandbox serve); for one that "
            f"runs elsewhere set {LOOPBACK_VARIABLE}=1",
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise UsageError(f"the {named.what} must begin with https://", hint=named.hint)
    if not loopback and not _may_be_public(host):
        raise UsageError(f"the {named.what} leads into a private network", hint=named.hint)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine."""
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return address_of(host).is_loopback
    except ValueError:
        return False


def _may_be_public(host: str) -> bool:
    """An address is judged here; what a name leads to is judged once connected."""
    host = host.rstrip(".")
    try:
        return is_public(address_of(host))
    except ValueError:
        # 127.1, 0177.0.0.1 and 0x7f.1 are addresses to some resolvers; no domain ends so.
        return "." in host and host.rpartition(".")[2][0].isalpha()
