"""What the system says of itself: which district this is, its entity, its school year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samegoal_sync.outside_text import cleaned_text
from samegoal_sync.qmlativ.errors import AnswerBroken, DistrictNotChosen

_ASKED = "the system's metadata"


@dataclass(frozen=True)
class SystemEntity:
    """An entity (mostly a school) that the access covers."""

    entity_id: int
    code: str
    name: str


@dataclass(frozen=True)
class SystemMetadata:
    """One district of the system.

    Attributes:
        district_id / entity_id / district_name: the district and its district-wide entity.
        school_year_id / numeric_year: the current school year (2027 is 2026-27).
        entities: its entities, where the server lists them (an assumption; else empty).
        several_districts: whether the system holds others beside it.
    """

    district_id: int
    entity_id: int
    district_name: str
    school_year_id: int
    numeric_year: int
    entities: tuple[SystemEntity, ...] = ()
    several_districts: bool = False


def metadata_of(answer: Any, host: str, chosen: int | None) -> SystemMetadata:
    """The chosen district of an answer to GetSystemMetadata.

    Raises:
        DistrictNotChosen: several and none chosen, or the chosen one is not there.
        AnswerBroken: not the shape that Qmlativ sends.
    """
    try:
        districts = {_number(one["DistrictID"]): one for one in answer["System"]["Districts"]}
        names = {key: cleaned_text(str(one["Name"])) for key, one in districts.items()}
        if not districts:
            raise AnswerBroken(_ASKED, "lists no district")
        if (chosen is None and len(districts) > 1) or ((chosen or 0) and chosen not in districts):
            raise DistrictNotChosen(host, names, chosen)
        key = chosen if chosen is not None else next(iter(districts))
        return _district(key, names[key], districts[key], several=len(districts) > 1)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise AnswerBroken(_ASKED, "is not of the shape that Qmlativ sends") from None


def _district(key: int, name: str, one: Mapping[str, Any], *, several: bool) -> SystemMetadata:
    year = one["SchoolYearCurrent"]
    return SystemMetadata(
        district_id=key,
        entity_id=_number(one["EntityID"]),
        district_name=name,
        school_year_id=_number(year["SchoolYearID"]),
        numeric_year=_number(year["NumericYear"]),
        entities=_entities(one.get("Entities") or ()),
        several_districts=several,
    )


def _number(value: Any) -> int:
    """An id, or a year: what fits 64 bits.

    Raises:
        ValueError, TypeError, OverflowError: it is none.
    """
    number = int(value)
    if not 0 <= number < 2**63:
        raise ValueError
    return number


def _entities(listed: Sequence[Mapping[str, Any]]) -> tuple[SystemEntity, ...]:
    return tuple(
        SystemEntity(
            _number(one["EntityID"]),
            cleaned_text(str(one.get("Code", ""))),
            cleaned_text(str(one["Name"])),
        )
        for one in listed
    )
