"""The portal's cookies: kept from scripts and other sites, and behind TLS bound to this very host.

Whether a request came by TLS is what uvicorn says: a proxy's ``X-Forwarded-Proto`` counts only
from the addresses of ``FORWARDED_ALLOW_IPS``.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


def by_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, to the portal or to the proxy before it."""
    return request.url.scheme == "https"


def read_cookie(request: Request, name: str) -> str | None:
    """The cookie's value, if the browser sent it."""
    return request.cookies.get(_name(request, name))


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """Let the browser keep a cookie for so long."""
    response.set_cookie(
        _name(request, name),
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=by_tls(request),
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Let the browser forget a cookie."""
    response.delete_cookie(
        _name(request, name), httponly=True, samesite="lax", secure=by_tls(request)
    )


def _name(request: Request, name: str) -> str:
    # Browsers take a __Host- cookie from this host alone: no neighbour can plant one.
    return f"__Host-{name}" if by_tls(request) else name
