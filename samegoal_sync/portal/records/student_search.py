"""Finding students: keyset pages and a search as one types, quick at 100,000 students.

All of it runs on stored keys (``name_key`` and its siblings of migration 0003) and plain
comparisons: what Postgres may use an index for under row-level security.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from samegoal_sync.outside_text import whole_number
from samegoal_sync.portal.records.caseload import Caseload, own_caseload
from samegoal_sync.portal.tenant_connection import Rows, one, rows

PAGE = 50
#: Beyond so many a search says that there are more, instead of counting them at every letter.
MOST_COUNTED = 1_000
_HIGHEST = "\U0010ffff"
_DROPPED = re.compile("[\u0300-\u036f\\s'\u2019.,-]")
#: Said beside the policy that says the same, for an index: a policy's own condition finds none.
_OWN = "(building = any(%(buildings)s) or portal_id = any(%(students)s))"
#: A caseload of so many buildings is read to find what its filters offer; a larger one is nearly
#: the district, whose values are found in the indexes.
_FEW_BUILDINGS = 20
#: Sorted by where last and first name are alike: few rows at a time, so no index holds it.
_MIDDLE = "search_key(coalesce(middle_name, '')) collate \"C\""
_COLUMNS = (
    "portal_id, student_id, last_name, first_name, middle_name, name_suffix, grade, building, "
    "district_enrollment, missing_since, closed_since, origin, name_key, id_key, "
    f"{_MIDDLE} as middle_key"
)


@dataclass(frozen=True)
class Search:
    """What the list is narrowed to; kept in the session, never in an address."""

    text: str = ""
    building: str = ""
    grade: str = ""
    status: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is searched for."""
        return any(self.as_state().values())

    def as_state(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """A page of the list.

    Attributes:
        total: how many students there are on all pages; of a search that finds more than
            ``MOST_COUNTED``, no less than one more than that.
        earlier / later: whether there are more each way.
    """

    students: list[dict[str, Any]]
    total: int
    earlier: bool
    later: bool


def search_key(text: str) -> str:
    """The same folding as Postgres's ``search_key``: case, accents and punctuation don't matter."""
    return _DROPPED.sub("", unicodedata.normalize("NFD", text)).lower()


def find_students(
    connection: Rows,
    search: Search,
    *,
    after: UUID | None = None,
    before: UUID | None = None,
) -> Found:
    """One page of students by last name, first name, middle name and id.

    Args:
        after / before: the portal id of the student at the edge of the page shown now.
    """
    edge = _edge(connection, after or before)
    backwards = before is not None and edge is not None
    chosen = {
        "building": search.building,
        "grade": search.grade,
        "district_enrollment": search.status,
    }
    parameters: dict[str, Any] = {**chosen, "limit": PAGE + 1, **(edge or {})}
    filters = "district = current_setting('samegoal.district', true)"
    for column, value in chosen.items():
        if value:
            filters += f" and {column} = %({column})s"
    own = own_caseload(connection)
    if own:
        filters += f" and {_OWN}"
        parameters |= asdict(own)
    total = one(connection, _count(search.text, filters, parameters), parameters)["total"]
    condition = filters
    if edge:
        beyond = "<" if backwards else ">"
        # The first condition is what the index is read by.
        condition += (
            f" and name_key {beyond}= %(name)s"
            f" and (name_key, {_MIDDLE}, id_key) {beyond} (%(name)s, %(middle)s, %(id)s)"
        )
    direction = "desc" if backwards else "asc"
    keys = ", ".join(f"{key} {direction}" for key in ("name_key", "middle_key", "id_key"))
    order = f"order by {keys} limit %(limit)s"
    found = rows(connection, _query(search.text, condition, order, parameters), parameters)
    more = len(found) > PAGE
    found = found[:PAGE]
    if backwards:
        found.reverse()
    return Found(
        found,
        total,
        earlier=more if backwards else edge is not None,
        later=True if backwards else more,
    )


def _query(text: str, condition: str, order: str, parameters: dict[str, Any]) -> str:
    """One index range a way of reading the text; all of it when there is no text."""
    readings = _readings(text)
    if not readings:
        return f"select {_COLUMNS} from students where {condition} {order}"  # noqa: S608
    branches = [
        f"(select {_COLUMNS} from students where {condition}{ranges} {order})"  # noqa: S608
        for ranges in _ranges(readings, parameters)
    ]
    return " union ".join(branches) + f" {order}"


def _count(text: str, condition: str, parameters: dict[str, Any]) -> str:
    """How many students there are on all pages; of what is searched for, counted to a bound.

    In the order of an index: else Postgres would read the whole table to count a frequent value.
    """
    readings = _readings(text)
    order = "order by name_key, id_key limit %(counted)s"
    parameters["counted"] = MOST_COUNTED + 1
    if not readings and "%(" not in condition:
        return "select count_students() as total"  # of a whole district, which may be large
    branches = " union ".join(
        f"(select name_key, id_key from students where {condition}{ranges} {order})"  # noqa: S608
        for ranges in _ranges(readings or [()], parameters)
    )
    return f"select count(*) as total from ({branches}) found"  # noqa: S608


def _ranges(
    readings: list[tuple[tuple[str, str], ...]], parameters: dict[str, Any]
) -> Iterator[str]:
    """The condition of each reading; what it compares with is added to the parameters."""
    for place, prefixes in enumerate(readings):
        ranges = ""
        for column, prefix in prefixes:
            parameters[f"{column}{place}"] = prefix
            parameters[f"{column}{place}_end"] = prefix + _HIGHEST
            ranges += f" and {column} >= %({column}{place})s and {column} < %({column}{place}_end)s"
        yield ranges


def _readings(text: str) -> list[tuple[tuple[str, str], ...]]:
    """Ways to read what was typed, each as key columns with the prefix they must begin with.

    ``maria cruz`` is an id, a last name, a first name, or either name and the other.
    """
    words = text.strip()[:80].replace(",", " ").split()[:5]
    if not words:
        return []
    whole = search_key("".join(words))
    readings: list[tuple[tuple[str, str], ...]] = [(("id_key", text.strip().lower()),)]
    if whole:
        readings += [(("name_key", whole),), (("first_name_key", whole),)]
    for cut in range(1, len(words)):
        one_name, other = search_key("".join(words[:cut])), search_key("".join(words[cut:]))
        if one_name and other:
            readings.append((("name_key", one_name), ("first_name_key", other)))
            readings.append((("name_key", other), ("first_name_key", one_name)))
    return readings


def _edge(connection: Rows, portal_id: UUID | None) -> dict[str, Any] | None:
    if portal_id is None:
        return None
    edge: dict[str, Any] | None = one(
        connection,
        f"select name_key as name, {_MIDDLE} as middle, id_key as id from students "  # noqa: S608
        "where portal_id = %s",
        (portal_id,),
    )
    return edge


@dataclass(frozen=True)
class Choices:
    """What the filters offer."""

    buildings: list[str]
    grades: list[str]
    statuses: list[str]


def choices(connection: Rows) -> Choices:
    """The values that the students have whom the person sees."""
    own = own_caseload(connection)
    if own and len(own.buildings) <= _FEW_BUILDINGS:
        buildings, grades, statuses = _values_of_few(connection, own)
    else:
        buildings, grades, statuses = (
            _values(connection, column) for column in ("building", "grade", "district_enrollment")
        )
    return Choices(buildings, sorted(grades, key=_grade_order), statuses)


def _values_of_few(connection: Rows, own: Caseload) -> list[list[str]]:
    """Of a small part of the district: its students are read, once for all three."""
    found = rows(
        connection,
        "select distinct building, grade, district_enrollment from students "  # noqa: S608
        f"where district = current_setting('samegoal.district', true) and {_OWN}",
        asdict(own),
    )
    return [
        sorted({row[column] for row in found if row[column] is not None})
        for column in ("building", "grade", "district_enrollment")
    ]


def _values(connection: Rows, column: str) -> list[str]:
    """Of a district: each value is found by one step in an index."""
    next_value = (
        f"select {column} from students "  # noqa: S608 (a column of this file)
        "where district = current_setting('samegoal.district', true) "
        f"and {column} is not null {{}} order by {column} limit 1"
    )
    found = rows(
        connection,
        f"with recursive steps (value) as (({next_value.format('')}) union all "  # noqa: S608
        f"select ({next_value.format(f'and {column} > steps.value')}) from steps "
        "where steps.value is not null) select value from steps where value is not null",
    )
    return [row["value"] for row in found]


def _grade_order(grade: str) -> tuple[int, str]:
    early = {"EE": -3, "PK": -2, "KG": -1, "K": -1}
    number = whole_number(grade)
    return (early.get(grade.upper(), 99) if number is None else number, grade)
