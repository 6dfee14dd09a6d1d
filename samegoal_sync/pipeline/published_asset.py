"""The published assets as the Dagster UI shows them: keys, numbers, guards, the way to the portal.

Told by the run that publishes and, when a person decides about a held night, outside any run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

from samegoal_sync.district import Guards
from samegoal_sync.pipeline.asset_checks import Check, percent
from samegoal_sync.samegoal.publication.guards import GUARDS_OF_A_NIGHT

SAMEGOAL_STUDENTS = dg.AssetKey(["samegoal", "students"])
SAMEGOAL_GUARDIANS = dg.AssetKey(["samegoal", "guardians"])

#: Of no rule that blocks: a held night is no fault, and its run succeeds.
WITHIN_GUARDS = Check(
    "within_guards",
    "No guard holds the district's night. Each guard's share stands beside its limit, in percent. "
    "A held night waits for a person, who approves or discards it in the portal.",
)


def published_numbers(
    who: str, rows: int, counts: Mapping[str, int], portal_url: str | None, slug: str
) -> dict[str, Any]:
    """What was published of ``students`` or ``guardians``, as metadata of a materialization."""
    numbers = {
        name.replace("_", " "): n
        for name, n in counts.items()
        # Of a night that is published nobody is held, unless only additions were to be.
        if name.startswith(who) and (n or name != f"{who}_held")
    }
    if who == "students":
        numbers["changes recorded"] = counts["changes"]
    return {
        "dagster/partition_row_count": rows,
        **numbers,
        **portal_link(portal_url, slug, "district-information"),
    }


def portal_link(portal_url: str | None, slug: str, page: str) -> dict[str, dg.MetadataValue]:
    """A page of the district in the portal, where the portal's address is known."""
    if portal_url is None:
        return {}
    return {"portal": dg.MetadataValue.url(f"{portal_url.rstrip('/')}/d/{slug}/{page}")}


def guard_numbers(shares: Mapping[str, float], guards: Guards) -> dict[str, float]:
    """Each guard's share beside its limit, in percent; nothing changed is nothing of each."""
    limits = asdict(guards)
    numbers: dict[str, float] = {}
    for name in GUARDS_OF_A_NIGHT:
        if name in shares or name != "first_night":
            words = name.replace("_", " ")
            numbers[f"{words} (%)"] = shares.get(name, 0.0)
            numbers[f"{words}, limit (%)"] = percent(limits[name])
    return numbers


def make_room(instance: dg.DagsterInstance, check: str, slugs: Collection[str]) -> None:
    """Take away what was told of these districts outside a run, before it is told anew.

    Dagster 1.13 keeps one result a check, partition and run, and everything told outside a run
    has the same empty run id: a second result of a district is refused, and the check would stay
    as it was for good. Results of runs, and the events themselves, stay.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    results = AssetCheckExecutionsTable.c
    with storage.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                results.asset_key == SAMEGOAL_STUDENTS.to_string(),
                results.check_name == check,
                results.run_id == "",
                results.partition.in_(slugs),
            )
        )
