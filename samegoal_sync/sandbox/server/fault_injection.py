"""What each fault does to a request or to its answer."""

from __future__ import annotations

from dataclasses import replace

from samegoal_sync.sandbox.server.answers import Answer, refusal
from samegoal_sync.sandbox.server.fault_kinds import Fault, FaultKind
from samegoal_sync.sandbox.server.list_endpoint import ListRequest

_HTML = (
    b"<!DOCTYPE html><html><head><title>Runtime Error</title></head>"
    b"<body><h1>Server Error in '/' Application.</h1></body></html>"
)
_RFC_6750 = (
    "The access token provided is expired, revoked, malformed, or invalid for other reasons."
)


def faulty_answer(fault: Fault | None) -> Answer | None:
    """The answer of a fault that needs no data; ``None`` lets the request go on."""
    if fault is None:
        return None
    later = {} if fault.seconds is None else {"retry-after": f"{fault.seconds:g}"}
    match fault.kind:
        case FaultKind.UNAUTHORIZED:
            return Answer(401)
        case FaultKind.FORBIDDEN:
            return Answer(403)
        case FaultKind.NOT_FOUND:
            return refusal(404, "No HTTP resource was found that matches the request URI.").answer
        case FaultKind.TOO_MANY:
            return Answer(429, b"", headers=later)
        case FaultKind.UNAVAILABLE:
            return Answer(503, b"<h1>Service Unavailable</h1>", "text/html", later)
        case FaultKind.SERVER_ERROR_HTML:
            return Answer(500, _HTML, "text/html; charset=utf-8")
        case FaultKind.SERVER_ERROR_JSON:
            return refusal(500, "An error has occurred.").answer
        case FaultKind.STALE_500:
            return Answer.json(500, {"error": "Token has expired"})
        case FaultKind.STALE_RFC6750:
            answer = Answer.json(401, {"error": "invalid_token", "error_description": _RFC_6750})
            answer.headers["www-authenticate"] = 'Bearer error="invalid_token"'
            return answer
        case FaultKind.MAINTENANCE_PAGE:
            return Answer(200, _HTML, "text/html")
        case FaultKind.MAINTENANCE_REDIRECT:
            return Answer(302, _HTML, "text/html", {"location": "/maintenance.html"})
        case FaultKind.REDIRECT:
            return Answer(302, headers={"location": "https://elsewhere.example/Custom"})
        case FaultKind.RESET:
            return Answer(200, fault=fault)
        case _:
            return None


def faulty_request(request: ListRequest, fault: Fault | None) -> ListRequest:
    """The page that is read instead of the one asked for."""
    match fault.kind if fault else None:
        case FaultKind.REPEATED_PAGE:
            return replace(request, shift=-request.size if request.page > 1 else 0)
        case FaultKind.DUPLICATE_ROWS:
            return replace(request, shift=-1 if request.page > 1 else 0)
        case FaultKind.MISSED_ROWS:
            return replace(request, shift=1)
        case FaultKind.MORE_ROWS:
            return replace(request, size=request.size * 2)
        case FaultKind.LOOPING_NEXT:
            return replace(request, next_page=1)
        case _:
            return request
