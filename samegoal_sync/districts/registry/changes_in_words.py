"""What a change of a district's values changed, old and new, in words for the history and the log.

Of token fields and headers only that they changed: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samegoal_sync.district import District, DistrictSettings
from samegoal_sync.districts.registry.access_parameters import KINDS
from samegoal_sync.districts.registry.settings_json import settings_to_json

_LONGEST_VALUE = 200


def changed_settings(before: DistrictSettings, after: DistrictSettings) -> list[str]:
    """One line a setting that changed; of a table only its rows that did."""
    old, new = settings_to_json(before), settings_to_json(after)
    words = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        if isinstance(was or now, dict) and not _is_range(was or now):
            words += _changed_rows(name, was or {}, now or {})
        else:
            words.append(f"{_words(name)}: {_chosen(was)} -> {_chosen(now)}")
    return words


def changed_values(before: District, values: Mapping[str, Any]) -> list[str]:
    """One line a value that changed."""
    words = []
    for name in sorted(values):
        if name in KINDS:
            words.append(f"{_words(name)}: changed")
        elif name == "settings":
            words += changed_settings(before.settings, values[name])
        elif (was := _value(getattr(before, name))) != (now := _value(values[name])):
            words.append(f"{_words(name)}: {was} -> {now}")
    return words


def _changed_rows(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{_words(name)}, {key}: {_chosen(old.get(key))} -> {_chosen(new.get(key))}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def _is_range(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"first", "last"}


def _words(name: str) -> str:
    return name.replace("_", " ")


def _chosen(value: Any) -> str:
    """A setting; one that stands at its default is not stored."""
    return "default" if value is None else _value(value)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_range(value):
        return f"{value['first']} to {value['last']}"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
