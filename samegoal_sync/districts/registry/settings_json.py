"""A district's own settings as JSON, both ways; an unknown key is refused, never dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from samegoal_sync.district import (
    EXIT_STATUSES,
    Caseload,
    DateRange,
    DistrictSettings,
    GuardianChoice,
    Guards,
)
from samegoal_sync.districts.errors import InvalidDistrict

_Choice = TypeVar("_Choice", bound=StrEnum)

#: Kinds of morning mail that a district can choose.
NOTIFY_KINDS = frozenset({"failed", "held", "expiring", "rejects", "paused", "published"})


def settings_to_json(settings: DistrictSettings) -> dict[str, Any]:
    """Plain values; what stands at its default is left out, so that defaults can improve."""
    plain = {
        "guardians": settings.guardians.value,
        "publish_restricted": settings.publish_restricted,
        "parent_years": settings.parent_years,
        "shared_email_limit": settings.shared_email_limit,
        "buildings": settings.buildings,
        "age_limit": settings.age_limit,
        "exit_codes": settings.exit_codes,
        "languages": settings.languages,
        "guards": {
            name: value
            for name, value in asdict(settings.guards).items()
            if value != getattr(Guards(), name)
        },
        "paused": _date_range_to_json(settings.paused),
        "additions_only": _date_range_to_json(settings.additions_only),
        "notify": sorted(settings.notify),
        "teachers_see": settings.teachers_see.value,
    }
    default = DistrictSettings()
    return {
        name: value
        for name, value in plain.items()
        if getattr(settings, name) != getattr(default, name)
    }


def settings_from_json(values: Mapping[str, Any]) -> DistrictSettings:
    """The settings that ``values`` state; the rest are defaults.

    Raises:
        InvalidDistrict: a key is unknown or a value can't be right; all of them are named.
    """
    problems: list[str] = []
    made: dict[str, Any] = {}
    for name, value in values.items():
        reader = _READERS.get(name)
        if reader is None:
            problems.append(f"unknown setting {name!r} (known: {', '.join(sorted(_READERS))})")
            continue
        try:
            made[name] = reader(value)
        except (ValueError, TypeError, KeyError) as error:
            problems.append(f"setting {name!r}: {error}")
    if problems:
        raise InvalidDistrict(problems)
    return DistrictSettings(**made)


def _one_of(choices: type[_Choice]) -> Callable[[Any], _Choice]:
    def read(value: Any) -> _Choice:
        try:
            return choices(value)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(choices)}") from None

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _between(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("must be a whole number")
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}")
        return value

    return read


def _buildings(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(
        isinstance(text, str) and text.strip() for pair in value.items() for text in pair
    ):
        raise TypeError("must give a name for each name")
    return {str(school): str(building).strip() for school, building in value.items()}


def _exit_codes(value: Any) -> dict[str, str]:
    mapping = _buildings(value)
    if not set(mapping.values()) <= set(EXIT_STATUSES):
        raise ValueError(f"must map each code to one of {', '.join(EXIT_STATUSES)}")
    return mapping


def _languages(value: Any) -> dict[str, str]:
    mapping = {name: code.lower() for name, code in _buildings(value).items()}
    if not all(len(code) == 2 and code.isascii() and code.isalpha() for code in mapping.values()):
        raise ValueError("must map each language to a two-letter ISO 639-1 code")
    return mapping


def _guards(value: Any) -> Guards:
    known = {field.name for field in fields(Guards)}
    if not isinstance(value, Mapping) or not set(value) <= known:
        raise TypeError(f"must hold only {', '.join(sorted(known))}")
    for name, share in value.items():
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise TypeError(f"{name} must be a number")
        if name == "floor" and (not isinstance(share, int) or share < 0):
            raise ValueError("floor must be a whole number of students, 0 or more")
        if name != "floor" and not 0 <= share <= 1:
            raise ValueError(f"{name} must be a share between 0 and 1")
    return Guards(**value)


def _date_range(value: Any) -> DateRange | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"first", "last"}:
        raise TypeError("must have a first and a last day")
    date_range = DateRange(date.fromisoformat(value["first"]), date.fromisoformat(value["last"]))
    if date_range.last < date_range.first:
        raise ValueError("the last day lies before the first")
    return date_range


def _date_range_to_json(date_range: DateRange | None) -> dict[str, str] | None:
    if date_range is None:
        return None
    return {"first": date_range.first.isoformat(), "last": date_range.last.isoformat()}


def _notify(value: Any) -> frozenset[str]:
    if isinstance(value, str) or not set(value) <= NOTIFY_KINDS:
        raise ValueError(f"must be a list of {', '.join(sorted(NOTIFY_KINDS))}")
    return frozenset(value)


#: Whole numbers that a district sets: the least and the most.
LIMITS: Mapping[str, tuple[int, int]] = {
    "parent_years": (10, 100),
    "shared_email_limit": (2, 100),
    "age_limit": (18, 120),
}
_READERS = {
    "guardians": _one_of(GuardianChoice),
    "publish_restricted": _flag,
    **{name: _between(*bounds) for name, bounds in LIMITS.items()},
    "buildings": _buildings,
    "exit_codes": _exit_codes,
    "languages": _languages,
    "guards": _guards,
    "paused": _date_range,
    "additions_only": _date_range,
    "notify": _notify,
    "teachers_see": _one_of(Caseload),
}
