"""A district's own choices, saved part by part from District Information."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from samegoal_sync.demographics.values.languages import english_names
from samegoal_sync.district import EXIT_STATUSES, DateRange, DistrictSettings, GuardianChoice
from samegoal_sync.districts.errors import InvalidDistrict
from samegoal_sync.districts.registry.changes_in_words import changed_settings, changed_values
from samegoal_sync.districts.registry.setting_rules import LIMITS
from samegoal_sync.outside_text import cleaned_text
from samegoal_sync.portal.errors import Invalid
from samegoal_sync.portal.pages.district_information import page_with_errors, parsed_day
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.visit import Page, Visit

_MOST_BUILDINGS = 2000
_LAST_HOUR = 23


def _kept(save: Page) -> Page:
    """The same, but a value that can't be saved comes back on the page, beside its field."""

    def page(visit: Visit) -> Response:
        try:
            return save(visit)
        except Invalid as invalid:
            return page_with_errors(visit, invalid)

    page.__doc__ = save.__doc__
    return page


@_kept
def save_guardians(visit: Visit) -> Response:
    """Which guardians are published."""
    try:
        choice = GuardianChoice(visit.field("guardians"))
    except ValueError:
        raise Invalid({"guardians": "Choose one of the list."}) from None
    restricted = visit.field("publish_restricted") == "yes"
    return _save(visit, guardians=choice, publish_restricted=restricted)


@_kept
def save_limits(visit: Visit) -> Response:
    """Numbers by which a guardian is a peer, an e-mail nobody's own, a birth date impossible."""
    errors, limits = {}, {}
    for name, (least, most) in LIMITS.items():
        typed = visit.field(name)
        if typed.isascii() and typed.isdecimal() and least <= int(typed[:9]) <= most:
            limits[name] = int(typed)
        else:
            errors[name] = f"Give a whole number from {least} to {most}."
    if errors:
        raise Invalid(errors)
    return _save(visit, **limits)


@_kept
def save_dates(visit: Visit) -> Response:
    """Days on which the district is paused, or takes additions only."""
    return _save(
        visit, paused=_date_range(visit, "paused"), additions_only=_date_range(visit, "additions")
    )


@_kept
def save_exit_codes(visit: Visit) -> Response:
    """What the district's withdrawal codes mean; blank unmaps."""
    mapping = _mapping(
        visit, "exit_codes", visit.portal.registry.get(visit.slug).settings.exit_codes
    )
    if not set(mapping.values()) <= set(EXIT_STATUSES):
        raise Invalid({"exit_codes": "Choose a meaning of the list."})
    return _save(visit, exit_codes=mapping)


@_kept
def save_languages(visit: Visit) -> Response:
    """Which language of ISO 639-1 the district's languages are; blank unmaps."""
    known = visit.portal.registry.get(visit.slug).settings.languages
    mapping = _mapping(visit, "languages", known)
    if not set(mapping.values()) <= english_names().keys():
        raise Invalid({"languages": "Choose a language of the list."})
    return _save(visit, languages=mapping)


def _mapping(visit: Visit, table: str, known: Mapping[str, str]) -> dict[str, str]:
    names, meanings = visit.fields("name"), visit.fields("meaning")
    if len(names) != len(meanings) or len(names) > _MOST_BUILDINGS:
        raise Invalid({table: "Some rows of this table did not arrive; save it again."})
    sent = dict(zip(names, meanings, strict=True))
    return {name: meaning for name, meaning in ({**known, **sent}).items() if meaning}


@_kept
def save_buildings(visit: Visit) -> Response:
    """School names of Qmlativ -> the names under Settings > Buildings; blank unmaps."""
    schools, names = visit.fields("school"), visit.fields("building")
    if len(schools) != len(names) or len(schools) > _MOST_BUILDINGS:
        raise Invalid({"buildings": "Some rows of this table did not arrive; save it again."})
    buildings = dict(visit.portal.registry.get(visit.slug).settings.buildings)
    for school, name in zip(schools, names, strict=True):
        if name:
            buildings[school] = cleaned_text(name)
        else:
            buildings.pop(school, None)
    return _save(visit, buildings=buildings)


@_kept
def save_night(visit: Visit) -> Response:
    """Time zone and hour of the district's night."""
    hour, zone = visit.field("hour"), visit.field("time_zone")
    if not hour.isdecimal() or int(hour) > _LAST_HOUR:
        raise Invalid({"hour": "Choose an hour of the list."})
    registry = visit.portal.registry
    before = registry.get(visit.slug)
    try:
        registry.update(visit.slug, who=visit.user.login, time_zone=zone, hour=int(hour))
    except InvalidDistrict:
        raise Invalid(
            {"time_zone": "This is not a time zone; choose one of the list, America/Chicago say."}
        ) from None
    _record(visit, changed_values(before, {"time_zone": zone, "hour": int(hour)}))
    return _back(visit)


def save_settings(visit: Visit, **choices: Any) -> bool:
    """Save some of the district's choices, with a line for what changed; whether anything did."""
    registry = visit.portal.registry
    before: DistrictSettings = registry.get(visit.slug).settings
    settings: DistrictSettings = replace(before, **choices)
    registry.update(visit.slug, who=visit.user.login, settings=settings)
    changed = changed_settings(before, settings)
    _record(visit, changed)
    return bool(changed)


def _record(visit: Visit, changed: list[str]) -> None:
    """A line a change, old and new: only for what happened."""
    with visit.district() as connection:
        for what in changed:
            visit.record(connection, Action.SETTINGS, what=what)


def _save(visit: Visit, **choices: Any) -> Response:
    return _back(visit, changed=save_settings(visit, **choices))


def _back(visit: Visit, *, changed: bool = True) -> Response:
    message = "Saved. It holds from tonight on." if changed else "Nothing was changed."
    return visit.go(f"/d/{visit.slug}/district-information", message)


def _date_range(visit: Visit, name: str) -> DateRange | None:
    try:
        first, last = (parsed_day(visit.field(f"{name}_{end}")) for end in ("first", "last"))
    except ValueError:
        raise Invalid({name: "Write both days as YYYY-MM-DD."}) from None
    if first is None and last is None:
        return None
    if first is None or last is None or last < first:
        raise Invalid(
            {name: "Give the first and the last day, the last not before the first; or neither."}
        )
    return DateRange(first, last)
