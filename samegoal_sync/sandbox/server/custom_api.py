"""The Qmlativ side of the sandbox: which address answers what, and what is refused.

Written straight on ASGI, so that faults can reach the connection itself and so that the
sandbox's own cost stays small beside the client's.
"""

from __future__ import annotations

import asyncio
import time

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox.facts import object_fields, primary_key
from samegoal_sync.sandbox.server import discovery
from samegoal_sync.sandbox.server.answers import Answer, Refusal, refusal, send_answer, stay_silent
from samegoal_sync.sandbox.server.asgi_request import Call, Receive, Scope, Send, read_call
from samegoal_sync.sandbox.server.condition_evaluation import BadSearchError
from samegoal_sync.sandbox.server.fault_injection import faulty_answer, faulty_request
from samegoal_sync.sandbox.server.fault_kinds import HEADER, Fault, FaultKind
from samegoal_sync.sandbox.server.integration_access import IntegrationAccess
from samegoal_sync.sandbox.server.list_endpoint import ListRequest
from samegoal_sync.sandbox.server.simulated_system import LogEntry, System, now
from samegoal_sync.sandbox.server.token_endpoint import authorized, token_answer

PREFIXES = ("Custom", "Generic")
#: Fields that Qmlativ calculates and that fail without a parameter.
CALCULATED = {
    "District/District": frozenset({"DistrictCodeBySchoolYear", "IsCurrentlySelected"}),
    "District/Entity": frozenset({"IsCurrentlySelected"}),
    "Family/Family": frozenset({"FoodServiceBeginningBalance", "FoodServiceCurrentBalance"}),
}
_PARAMETERS = frozenset({"schoolyearid", "districtid", "asofdate"})


async def serve_system(
    system: System, scope: Scope, receive: Receive, send: Send, path: str
) -> None:
    """Answer one request to a system and keep it in the usage log."""
    started = time.perf_counter()
    call = await read_call(scope, receive, path)
    try:
        call.fault = system.faults.inject(call.path, call.headers.get(HEADER))
        await _silence(system, call.fault, send)
        answer = await _answer(system, call)
    except Refusal as refused:
        answer = refused.answer
    except UsageError as error:
        answer = refusal(400, error.what).answer
    except Exception:  # a server answers whatever happens; tests look for 500s nobody asked for
        answer = refusal(500, "An error has occurred.").answer
    took = (time.perf_counter() - started) * 1_000
    suppressed = call.headers.get("suppress-development-permissions", "").lower() == "true"
    system.record(
        LogEntry(
            now(),
            call.method,
            call.url,
            answer.status,
            len(answer.body),
            took,
            call.key,
            suppressed,
        ),
        write=call.write,
    )
    # Sent last: whoever has an answer finds its call in the log.
    await send_answer(answer, send)


async def _silence(system: System, fault: Fault | None, send: Send) -> None:
    """Keep the client waiting, if the fault says so."""
    if fault is None:
        return
    if fault.kind is FaultKind.SILENT:
        until = time.monotonic() + (fault.seconds or 3_600)
        await stay_silent(send, lambda: time.monotonic() >= until)
    elif fault.kind is FaultKind.MUTE:  # of a header, nobody can clear it
        asked_for = not system.faults.is_set(fault)
        await stay_silent(send, lambda: not (asked_for or system.faults.is_set(fault)))


async def _answer(system: System, call: Call) -> Answer:
    kind = call.fault.kind if call.fault else None
    if kind in (FaultKind.TOKEN_EXPIRED, FaultKind.STALE_RFC6750):
        system.expire_tokens()
    early = faulty_answer(call.fault)
    if early is not None:
        return early
    parts = call.segments
    if parts[-2:] == ["oauth", "token"]:
        answer = token_answer(system, call, basic_only=kind is FaultKind.BASIC_ONLY)
    elif parts and parts[0] in PREFIXES:
        answer = await _data(system, call, parts)
    else:
        raise refusal(404, "No HTTP resource was found that matches the request URI.")
    if call.fault is not None:
        answer.fault = call.fault
    return answer


async def _data(system: System, call: Call, parts: list[str]) -> Answer:
    """Everything below the prefix: writes are refused and counted before all else."""
    prefix, rest = parts[0], parts[1:]
    numbers = sum(1 for part in rest[3:] if part.isdigit())
    if call.method not in ("GET", "HEAD") and not (call.method == "POST" and numbers == 2):
        call.write = True
        raise refusal(403, "This Integration Access may only read.")
    access = authorized(system, call)
    if rest == ["GetSystemMetadata"]:
        return Answer.json(200, discovery.system_metadata(system, access))
    if not rest or not rest[0].isdigit():
        raise refusal(404, "No HTTP resource was found that matches the request URI.")
    entity = int(rest[0])
    if entity not in access.entities:
        raise refusal(403, "The Integration Access does not include this entity.")
    if len(rest) <= 3:
        return _metadata(system, rest[1:])
    if len(rest) == 4 and numbers == 1:
        return await _one(system, call, access, prefix, rest)
    if len(rest) == 5 and numbers == 2:
        return await _list(system, call, access, prefix, rest)
    raise refusal(404, "No HTTP resource was found that matches the request URI.")


def _metadata(system: System, names: list[str]) -> Answer:
    if not names:
        return Answer.json(200, discovery.modules(system))
    if len(names) == 1:
        objects = discovery.objects(system, names[0])
        if not objects:
            raise refusal(404, "The module does not exist.")
        return Answer.json(200, objects)
    return Answer.json(200, discovery.fields(system, _known_object(system, "/".join(names))))


def _known_object(system: System, name: str) -> str:
    if name not in object_fields():
        raise refusal(404, "The object does not exist.")
    if not system.granted(name):
        raise refusal(403, f"The Integration Access was not granted the object {name}.")
    return name


async def _list(
    system: System, call: Call, access: IntegrationAccess, prefix: str, rest: list[str]
) -> Answer:
    name = _known_object(system, f"{rest[1]}/{rest[2]}")
    page, size = int(rest[3]), int(rest[4])
    if page < 1 or size < 1:
        raise refusal(400, "Page and page size count from 1.")
    query = call.query
    if call.fault and call.fault.kind is FaultKind.NUMBERED_FIELDS:
        query = [(key, value) for key, value in query if key != "searchFields"]
    request = ListRequest(
        prefix,
        int(rest[0]),
        name,
        page,
        size,
        _fields(system, name, query),
        body=call.body.decode("utf-8", "replace") if call.method == "POST" else "",
        districts=system.districts_covered(access),
        school_year=_school_year(query),
    )
    try:
        _check_looked_at(system, request)
        request = faulty_request(request, call.fault)
        pages = system.pages
        ready = pages.kept(request)
        body = await asyncio.to_thread(pages.page, request) if ready is None else ready
    except BadSearchError as error:
        raise refusal(400, str(error)) from None
    return Answer(200, body)


async def _one(
    system: System, call: Call, access: IntegrationAccess, prefix: str, rest: list[str]
) -> Answer:
    """One object by its primary key; of two numbers at the end the second would be a page size."""
    name = _known_object(system, f"{rest[1]}/{rest[2]}")
    request = ListRequest(
        prefix,
        int(rest[0]),
        name,
        1,
        1,
        _fields(system, name, call.query),
        districts=system.districts_covered(access),
        school_year=_school_year(call.query),
        only=int(rest[3]),
    )
    body = await asyncio.to_thread(system.pages.one, request)
    if body is None:
        raise refusal(404, "The object was not found.")
    return Answer(200, body)


def _school_year(query: list[tuple[str, str]]) -> int | None:
    """The SchoolYearID of a query: it filters the objects that have one."""
    given = {key.lower(): value for key, value in query}.get("schoolyearid", "")
    return int(given) if given.isdecimal() else None


def _fields(system: System, name: str, query: list[tuple[str, str]]) -> tuple[str, ...]:
    """The granted fields that a query asks for; the key alone when it asks for none.

    Raises:
        Refusal: a field that does not exist, was not granted (where the system refuses), or is
            calculated and lacks its parameter.
    """
    asked = [value for key, value in query if key.partition("[")[0].lower() == "searchfields"]
    key, facts, granted = primary_key(name), object_fields()[name], system.granted(name)
    unknown = [item for item in asked if item.partition(".")[0] not in facts and "." not in item]
    if unknown:
        raise refusal(400, f"A field asked for does not exist on {name}.")
    hidden = [item for item in asked if item not in granted]
    if hidden and system.district.refuse_not_granted:
        raise refusal(403, f"The Integration Access was not granted {name}.{hidden[0]}.")
    given = {item.lower() for item, _ in query}
    if CALCULATED.get(name, frozenset()).intersection(asked) and not given & _PARAMETERS:
        raise refusal(500, "A calculated field needs a parameter that was not given.")
    chosen = tuple(dict.fromkeys(item for item in asked if item in granted))
    return chosen or (key,)


def _check_looked_at(system: System, request: ListRequest) -> None:
    """A condition or sort may only look at fields that were granted."""
    hidden = request.looked_at() & set(object_fields()[request.object])
    hidden -= system.granted(request.object)
    if hidden:
        raise refusal(
            403, f"The Integration Access was not granted {request.object}.{min(hidden)}."
        )
