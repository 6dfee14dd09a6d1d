"""Parting with a district: its data are exported first, then everything of it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.registry.registry import Registry, Witness
from samegoal_sync.samegoal.delivery.csv_files import export
from samegoal_sync.samegoal.delivery.csv_layout import csv_layout
from samegoal_sync.storage.chosen_store import frame_store

#: Takes a district's partition away from Dagster.
DropPartition = Callable[[str], None]


def published_students(registry: Registry, slug: str) -> int:
    """How many students SameGoal has of a district: what a removal would take away.

    Raises:
        UnknownDistrict: no district of that slug is registered.
    """
    registry.get(slug)
    with connect(registry.database_url) as connection:
        row = connection.execute(
            "select count(*) from students where district = %s", (slug,)
        ).fetchone()
    return int(row[0]) if row else 0


#: Writes the documents of a district below a folder; how many they are.
ExportDocuments = Callable[[str, Path], int]

#: What a removal leaves behind, for whoever has to answer for it.
REMAINING = (
    "lines of the audit log (who saw or did what), among them that it was removed",
    "Dagster's history of its runs, without students' values, until it is pruned",
    "backups of the database and of the storage folder",
    "files that were delivered or exported, and mails that were sent",
)


def remove_district(
    registry: Registry,
    drop_partition: DropPartition,
    slug: str,
    export_to: Path | None,
    export_documents: ExportDocuments,
    witness: Witness | None = None,
) -> None:
    """Export to a folder, then delete partition, frames, published rows and the registry's row.

    In that order, so that a removal that breaks off can be run again. Dagster's history of runs
    stays until it is pruned.

    Raises:
        UnknownDistrict, PublicationError, StorageError: the step that failed; later ones were
            not begun.
    """
    registry.get(slug)
    if export_to is not None:
        layout = csv_layout(registry.settings.csv_layout)
        export(registry.database_url, slug, export_to, layout)
        export_documents(slug, export_to)
    drop_partition(slug)
    frame_store(registry.settings).remove(slug)
    registry.remove(slug, witness)


def retire_district(registry: Registry, drop_partition: DropPartition, slug: str, who: str) -> None:
    """Part with a district but keep its data: no secret, no nights, no partition.

    Raises:
        UnknownDistrict: no district of that slug is registered.
    """
    registry.set_state(slug, DistrictState.SUSPENDED, who, "removed; its data were kept")
    with connect(registry.database_url) as connection:
        connection.execute("delete from district_secrets where district = %s", (slug,))
        connection.execute("delete from district_parameters where district = %s", (slug,))
    drop_partition(slug)
