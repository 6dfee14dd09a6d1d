"""A district's own settings as JSON, both ways; an unknown key is refused, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from samegoal_sync.district import DateRange, DistrictSettings, Guards
from samegoal_sync.districts.errors import InvalidDistrict
from samegoal_sync.districts.registry.setting_rules import SETTING_RULES


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
        rule = SETTING_RULES.get(name)
        if rule is None:
            problems.append(f"unknown setting {name!r} (known: {', '.join(sorted(SETTING_RULES))})")
            continue
        try:
            made[name] = rule.read(value)
        except (ValueError, TypeError, KeyError) as error:
            problems.append(f"setting {name!r}: {error}")
    if problems:
        raise InvalidDistrict(problems)
    return DistrictSettings(**made)


def _date_range_to_json(date_range: DateRange | None) -> dict[str, str] | None:
    if date_range is None:
        return None
    return {"first": date_range.first.isoformat(), "last": date_range.last.isoformat()}
