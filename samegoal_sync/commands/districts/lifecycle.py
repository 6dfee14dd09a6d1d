"""Pausing a district, taking it back, and parting with it."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from samegoal_sync.commands.app import App, json_option, pass_app, print_json
from samegoal_sync.commands.districts.shared_options import (
    plain,
    registry_of,
    slug_argument,
    user_name,
    who_option,
)

if TYPE_CHECKING:
    from samegoal_sync.district import District


@click.command()
@slug_argument
@click.option("--reason", required=True, help="Why, for the record.")
@who_option
@json_option
@pass_app
def suspend(app: App, district: str, reason: str, who: str | None, as_json: bool) -> None:
    """Stop a district's nights; what is published stays.

    Example: samegoal-sync districts suspend fairview-isd --reason "contract ended"
    """
    from samegoal_sync.districts.onboarding.onboarding_steps import suspend as suspend_district

    _print_state(
        app, suspend_district(registry_of(app), district, user_name(who), reason), as_json=as_json
    )


@click.command()
@slug_argument
@who_option
@json_option
@pass_app
def resume(app: App, district: str, who: str | None, as_json: bool) -> None:
    """Take a suspended district back to where it was.

    Example: samegoal-sync districts resume fairview-isd
    """
    from samegoal_sync.districts.onboarding.onboarding_steps import resume as resume_district

    _print_state(app, resume_district(registry_of(app), district, user_name(who)), as_json=as_json)


@click.command()
@slug_argument
@click.option("--export-to", type=click.Path(path_type=Path), help="Folder for its CSV files.")
@click.option("--keep-data", is_flag=True, help="Only end its nights and forget its secret.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@who_option
@pass_app
def remove(
    app: App, district: str, export_to: Path | None, keep_data: bool, yes: bool, who: str | None
) -> None:
    """Part with a district: exports its data and documents, then deletes them.

    Example: samegoal-sync districts remove fairview-isd --export-to fairview-last
    """
    from samegoal_sync.commands.audited import audited, witness
    from samegoal_sync.districts.registry.removal import (
        REMAINING,
        published_students,
        remove_district,
        retire_district,
    )
    from samegoal_sync.pipeline.instance import dagster_instance
    from samegoal_sync.pipeline.partitions import drop_partition
    from samegoal_sync.portal.documents.document_export import export_documents

    registry = registry_of(app)
    students = published_students(registry, district)
    if students and not keep_data and export_to is None:
        raise click.UsageError(
            f"{district} has {students} published students: name a folder by --export-to, or "
            "keep them by --keep-data"
        )
    if not yes:
        what = "end its nights" if keep_data else f"delete it with {students} students"
        click.confirm(f"{district}: {what}?", abort=True, err=True)
    with dagster_instance(app.settings, app.database_url) as instance:
        drop = partial(drop_partition, instance)
        if keep_data:
            retire_district(registry, drop, district, user_name(who))
            audited(app, "REMOVED", district, who=who, what="its nights and secret; data were kept")
        else:
            removed = f"{students} students, {'exported' if export_to else 'not exported'} before"
            remove_district(
                registry, drop, district, export_to,
                partial(export_documents, app.database_url, say=app.console.print),
                witness("REMOVED", district, who=who, what=removed),
            )  # fmt: skip
    app.console.print(f"{district} is {'retired; its data stay' if keep_data else 'removed'}.")
    if not keep_data:
        for what in REMAINING:
            app.console.print(f"remaining: {what}")


def _print_state(app: App, district: District, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(district))
    else:
        app.console.print(f"{district.slug} is {district.state}.")
