"""Reading a list: one page of one object, from frames to the bytes that are sent."""

from __future__ import annotations

import io
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from samegoal_sync.sandbox.facts import object_fields, primary_key
from samegoal_sync.sandbox.server.condition_evaluation import (
    BadSearchError,
    condition_expression,
    fields_of,
    lowered,
    sort_orders,
)

#: Pages kept ready, in bytes: a client that reads the same district again measures itself.
CACHE_BYTES = 768 * 1024 * 1024


@dataclass(frozen=True)
class ListRequest:
    """One page asked for; ``body`` is the JSON of a search, as text, or blank.

    ``shift`` and ``next_page`` serve faults. ``districts`` are those that the access covers,
    ``None`` where it covers the whole system. ``school_year`` is the SchoolYearID of the query,
    ``only`` the key of the one object asked for.
    """

    prefix: str
    entity: int
    object: str
    page: int
    size: int
    fields: tuple[str, ...]
    body: str = ""
    shift: int = 0
    next_page: int | None = None
    districts: frozenset[int] | None = None
    school_year: int | None = None
    only: int | None = None

    @property
    def parsed_body(self) -> Mapping[str, Any]:
        """The body with lowered keys.

        Raises:
            BadSearchError: it is not a JSON object.
        """
        if not self.body.strip():
            return {}
        try:
            parsed = lowered(json.loads(self.body))
        except ValueError:
            raise BadSearchError("The body is not JSON") from None
        if not isinstance(parsed, Mapping):
            raise BadSearchError("The body is not a JSON object")
        condition, sort = parsed.get("searchcondition") or {}, parsed.get("searchsort") or []
        if not isinstance(condition, Mapping) or not isinstance(sort, list):
            raise BadSearchError("SearchCondition is an object, SearchSort a list")
        if not all(isinstance(item, Mapping) for item in sort):
            raise BadSearchError("SearchSort is a list of objects")
        return parsed

    def looked_at(self) -> set[str]:
        """Fields named by the condition and the sort."""
        sort = {str(item.get("fieldname")) for item in self.parsed_body.get("searchsort") or []}
        return sort | fields_of(self.parsed_body.get("searchcondition") or {})


class Pages:
    """Pages of a system's tables as bytes, kept until the tables change."""

    def __init__(self, tables: Mapping[str, pl.DataFrame], end_of_list: str = "null") -> None:
        self._tables = tables
        self._kept: OrderedDict[ListRequest, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self.end_of_list = end_of_list

    def kept(self, request: ListRequest) -> bytes | None:
        """The page if it is ready."""
        with self._lock:
            return self._kept.get(request)

    def page(self, request: ListRequest) -> bytes:
        """The page's body; made now if need be.

        Raises:
            BadSearchError: the search can't be understood.
        """
        ready = self.kept(request)
        if ready is None:
            ready = self._keep(request, self._make(request))
        return ready

    def _keep(self, request: ListRequest, body: bytes) -> bytes:
        with self._lock:
            if request not in self._kept:
                self._kept[request] = body
                self._bytes += len(body)
            while self._bytes > CACHE_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped)
        return body

    def _make(self, request: ListRequest) -> bytes:
        rows = self._found(request)
        start = (request.page - 1) * request.size + request.shift
        rows_of_page = rows.slice(max(0, start), request.size).select(request.fields)
        more = rows.height > start + request.size
        buffer = io.BytesIO()
        buffer.write(self._paging(request, more=more))
        rows_of_page.write_json(buffer)
        buffer.write(b"}")
        return buffer.getvalue()

    def one(self, request: ListRequest) -> bytes | None:
        """The one object that ``only`` names as a JSON object; ``None`` if it is not there."""
        rows = self._found(request).select(request.fields)
        return rows.head(1).write_json().encode()[1:-1] if rows.height else None

    def _found(self, request: ListRequest) -> pl.DataFrame:
        """All rows that the search finds, in its order; in no useful order without one."""
        facts, search = object_fields()[request.object], request.parsed_body
        key = primary_key(request.object)
        needed = {
            key,
            "DistrictID",
            "EntityID",
            "SchoolYearID",
            *request.fields,
            *request.looked_at(),
        }
        rows = self._tables[request.object].select(name for name in facts if name in needed)
        if request.districts is not None:
            rows = self._covered(rows, request.districts)
        if request.school_year is not None and "SchoolYearID" in rows.columns:
            rows = rows.filter(pl.col("SchoolYearID") == request.school_year)
        if request.only is not None:
            rows = rows.filter(pl.col(key) == request.only)
        if search.get("searchcondition"):
            rows = rows.filter(condition_expression(search["searchcondition"], facts))
        orders = sort_orders(search.get("searchsort"), facts)
        if not orders:
            return rows.reverse()
        if orders == [(key, False)]:
            return rows
        names = [name for name, _ in orders]
        return rows.sort(names, descending=[down for _, down in orders], maintain_order=True)

    def _covered(self, rows: pl.DataFrame, districts: frozenset[int]) -> pl.DataFrame:
        """Rows of the districts covered, where a row says whose it is; persons belong to all."""
        if "DistrictID" in rows.columns:
            return rows.filter(pl.col("DistrictID").is_in(list(districts)))
        if "EntityID" not in rows.columns:
            return rows
        entities = self._tables["District/Entity"].filter(
            pl.col("DistrictID").is_in(list(districts))
        )
        return rows.filter(pl.col("EntityID").is_in(entities["EntityID"].implode()))

    def _paging(self, request: ListRequest, *, more: bool) -> bytes:
        address = f"/{request.prefix}/{request.entity}/{request.object}"
        paging: dict[str, str | None] = {}
        if request.next_page is not None:
            paging["Next"] = f"{address}/{request.next_page}/{request.size}"
        elif more:
            paging["Next"] = f"{address}/{request.page + 1}/{request.size}"
        elif self.end_of_list == "same":
            paging["Next"] = f"{address}/{request.page}/{request.size}"
        elif self.end_of_list != "missing":
            paging["Next"] = "" if self.end_of_list == "empty" else None
        return b'{"Paging":' + json.dumps(paging).encode() + b',"Objects":'
