"""A district's own choices, saved part by part from District Information."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from samegoal_sync.demographics.values.languages import english_names
from samegoal_sync.district import EXIT_STATUSES, DateRange, DistrictSettings, GuardianChoice
from samegoal_sync.districts.errors import InvalidDistrict
from samegoal_sync.districts.registry.registry import ChangeWitness
from samegoal_sync.districts.registry.setting_rules import LIMITS
from samegoal_sync.outside_text import whole_number
from samegoal_sync.portal.errors import Invalid
from samegoal_sync.portal.pages.district_information import page_with_errors, parsed_day
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.visit import Page, Visit

_MOST_ROWS = 2000
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
        typed = whole_number(visit.field(name))
        if typed is not None and least <= typed <= most:
            limits[name] = typed
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
    sent = _sent(visit, "exit_codes")
    if not set(sent.values()) <= {*EXIT_STATUSES, ""}:
        raise Invalid({"exit_codes": "Choose a meaning of the list."})
    return _save_rows(visit, "exit_codes", sent)


@_kept
def save_languages(visit: Visit) -> Response:
    """Which language of ISO 639-1 the district's languages are; blank unmaps."""
    sent = _sent(visit, "languages")
    if not set(sent.values()) <= {*english_names(), ""}:
        raise Invalid({"languages": "Choose a language of the list."})
    return _save_rows(visit, "languages", sent)


@_kept
def save_buildings(visit: Visit) -> Response:
    """School names of Qmlativ -> the names under Settings > Buildings; blank unmaps."""
    return _save_rows(visit, "buildings", _sent(visit, "buildings", "school", "building"))


def _sent(visit: Visit, table: str, key: str = "name", value: str = "meaning") -> dict[str, str]:
    """The rows of a table as the form holds them, by its fields for either column."""
    keys, values = visit.lines(key), visit.lines(value)
    if len(keys) != len(values) or len(keys) > _MOST_ROWS:
        raise Invalid({table: "Some rows of this table did not arrive; save it again."})
    return {key: value for key, value in zip(keys, values, strict=True) if key}


def _save_rows(visit: Visit, table: str, sent: Mapping[str, str]) -> Response:
    """Save rows of a table; rows that were not sent stay."""

    def merged(settings: DistrictSettings) -> DistrictSettings:
        rows = {**getattr(settings, table), **sent}
        kept: Any = {name: meaning for name, meaning in rows.items() if meaning}
        return replace(settings, **{table: kept})

    return _back(visit, changed=_change(visit, merged))


@_kept
def save_night(visit: Visit) -> Response:
    """Time zone and hour of the district's night."""
    hour, zone = whole_number(visit.field("hour")), visit.field("time_zone")
    if hour is None or hour > _LAST_HOUR:
        raise Invalid({"hour": "Choose an hour of the list."})
    try:
        visit.portal.registry.update(
            visit.slug,
            who=visit.user.login,
            witness=_lines(visit),
            time_zone=zone,
            hour=hour,
        )
    except InvalidDistrict:
        raise Invalid(
            {"time_zone": "This is not a time zone; choose one of the list, America/Chicago say."}
        ) from None
    return _back(visit)


def save_settings(visit: Visit, **choices: Any) -> bool:
    """Save some of the district's choices, with a line for what changed; whether anything did."""
    return _change(visit, lambda settings: replace(settings, **choices))


def _change(visit: Visit, change: Callable[[DistrictSettings], DistrictSettings]) -> bool:
    changed = visit.portal.registry.change_settings(
        visit.slug, change, who=visit.user.login, witness=_lines(visit)
    )
    return bool(changed)


def _lines(visit: Visit) -> ChangeWitness:
    """A line of the audit log a change, old and new, in the transaction of the change."""

    def write(connection: Any, changed: Sequence[str]) -> None:
        for what in changed:
            visit.record(connection, Action.SETTINGS, what=what)

    return write


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
