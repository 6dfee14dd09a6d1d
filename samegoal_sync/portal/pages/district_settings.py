"""A district's own choices, saved part by part from District Information."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from samegoal_sync.district import DateRange, DistrictSettings, GuardianChoice
from samegoal_sync.portal.errors import Refused
from samegoal_sync.portal.pages.district_information import parsed_day
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.visit import Visit

_MOST_BUILDINGS = 2000


def save_guardians(visit: Visit) -> Response:
    """Which guardians are published."""
    try:
        choice = GuardianChoice(visit.field("guardians"))
    except ValueError:
        raise Refused("There is no such choice", hint="Choose one of the list.") from None
    restricted = visit.field("publish_restricted") == "yes"
    return _save(visit, guardians=choice, publish_restricted=restricted)


def save_dates(visit: Visit) -> Response:
    """Days on which the district is paused, or takes additions only."""
    return _save(
        visit, paused=_date_range(visit, "paused"), additions_only=_date_range(visit, "additions")
    )


def save_buildings(visit: Visit) -> Response:
    """School names of Qmlativ -> the names under Settings > Buildings; blank unmaps."""
    schools, names = visit.fields("school"), visit.fields("building")
    if len(schools) != len(names) or len(schools) > _MOST_BUILDINGS:
        raise Refused("The form is not whole", hint="Reload the page and fill it in again.")
    buildings = dict(visit.portal.registry.get(visit.slug).settings.buildings)
    for school, name in zip(schools, names, strict=True):
        if name:
            buildings[school] = name[:200]
        else:
            buildings.pop(school, None)
    return _save(visit, buildings=buildings)


def save_night(visit: Visit) -> Response:
    """Time zone and hour of the district's night."""
    hour = visit.field("hour")
    if not hour.isdecimal():
        raise Refused("The hour is not a number", hint="Choose an hour from 0 to 23.")
    with visit.district() as connection:
        visit.record(connection, Action.SETTINGS, what="time_zone, hour")
    visit.portal.registry.update(
        visit.slug, who=visit.user.login, time_zone=visit.field("time_zone"), hour=int(hour)
    )
    return _back(visit)


def _save(visit: Visit, **choices: Any) -> Response:
    registry = visit.portal.registry
    settings: DistrictSettings = replace(registry.get(visit.slug).settings, **choices)
    with visit.district() as connection:
        visit.record(connection, Action.SETTINGS, what=", ".join(sorted(choices)))
    registry.update(visit.slug, who=visit.user.login, settings=settings)
    return _back(visit)


def _back(visit: Visit) -> Response:
    return visit.go(f"/d/{visit.slug}/district-information", "Saved. It holds from tonight on.")


def _date_range(visit: Visit, name: str) -> DateRange | None:
    try:
        first, last = (parsed_day(visit.field(f"{name}_{end}")) for end in ("first", "last"))
    except ValueError:
        raise Refused("A day can't be read", hint="Write it as YYYY-MM-DD.") from None
    if first is None and last is None:
        return None
    if first is None or last is None or last < first:
        raise Refused(
            "The days don't make a date range",
            hint="Give the first and the last day, the last not before the first; or leave both "
            "blank.",
        )
    return DateRange(first, last)
