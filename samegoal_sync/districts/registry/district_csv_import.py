"""Registers many districts from a CSV file: all of them, or none and every bad line named.

    slug,name,base_url,client_key,mail_domain,contacts,time_zone,hour,expires_on,district_id

The first four are needed; contacts are separated by semicolons. A file never holds secrets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

from samegoal_sync.district import District
from samegoal_sync.districts.errors import InvalidDistrict
from samegoal_sync.districts.registry.district_validation import DistrictValues, checked_values
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import UsageError

NEEDED = ("slug", "name", "base_url", "client_key")
OPTIONAL = ("mail_domain", "contacts", "time_zone", "hour", "expires_on", "district_id")


class BadLines(UsageError):  # noqa: N818 (says what is wrong)
    """Lines of the file that can't be registered, each with its number and what is wrong."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        problems = "\n".join(f"  line {number}: {problem}" for number, problem in lines)
        super().__init__(
            f"{len(lines)} of the file's lines can't be used:\n{problems}",
            hint="fix these lines and import the file again; nothing was stored",
        )
        self.lines = lines


def import_districts_file(registry: Registry, path: Path, *, who: str) -> list[District]:
    """Register every district of the file.

    Raises:
        UsageError: the file can't be read, or lacks a column.
        BadLines: with every bad line; nothing was stored.
    """
    good: list[DistrictValues] = []
    bad: list[tuple[int, str]] = []
    taken = {str(one.slug): "is registered already" for one in registry.list()}
    accesses = {(one.base_url, one.client_key): str(one.slug) for one in registry.list()}
    for number, row in _rows(path):
        try:
            values = _values(row, allow_loopback=registry.settings.allow_loopback)
        except InvalidDistrict as error:
            bad += [(number, problem) for problem in error.problems]
            continue
        slug, access = values["slug"], (values["base_url"], values["client_key"])
        if slug in taken:
            bad.append((number, f"slug {slug} {taken[slug]}"))
        elif access in accesses:
            bad.append((number, f"same API Base URL and Key as {accesses[access]}"))
        else:
            taken[slug], accesses[access] = f"is on line {number} already", slug
            good.append(values)
    if bad:
        raise BadLines(bad)
    return registry.add_all(good, who=who)


def _rows(path: Path) -> Iterator[tuple[int, dict[str | None, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            _require_columns(reader.fieldnames or ())
            for row in reader:
                yield reader.line_num, dict(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{path} can't be read as CSV ({type(error).__name__})",
            hint="save it as UTF-8 CSV with a first line of column names",
        ) from None


def _require_columns(names: Any) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in (*NEEDED, *OPTIONAL)]
    if missing or unknown:
        problems = [f"no column {name}" for name in missing]
        problems += [f"unknown column {name}" for name in unknown]
        raise UsageError(
            f"the file's first line does not fit: {', '.join(problems)}",
            hint=f"columns: {', '.join(NEEDED)} and, if wanted, {', '.join(OPTIONAL)}",
        )


def _values(row: dict[str | None, Any], *, allow_loopback: bool) -> DistrictValues:
    """One line's values, checked; a blank cell is a value that was not given."""
    if None in row or None in row.values():
        raise InvalidDistrict(["has another number of cells than the first line"])
    given = {str(name): text.strip() for name, text in row.items() if text.strip()}
    problems = [f"{name}: is blank" for name in NEEDED if name not in given]
    values: dict[str, Any] = dict(given)
    if "contacts" in given:
        values["contacts"] = tuple(
            part.strip() for part in given["contacts"].split(";") if part.strip()
        )
    for name, reader in (("hour", int), ("district_id", int), ("expires_on", date.fromisoformat)):
        if name in given:
            try:
                values[name] = reader(given[name])
            except ValueError:
                problems.append(f"{name}: {given[name]!r} can't be read")
                values.pop(name)
    try:
        checked = checked_values(values, allow_loopback=allow_loopback)
    except InvalidDistrict as error:
        problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise InvalidDistrict(problems)
    return cast("DistrictValues", checked)
