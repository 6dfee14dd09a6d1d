"""What tonight would change, without publishing it."""

from __future__ import annotations

from datetime import date

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.district import District
from samegoal_sync.samegoal.publication.accounting import count
from samegoal_sync.samegoal.publication.compare import compare, narrow_to_additions
from samegoal_sync.samegoal.publication.difference import Difference, read_changes
from samegoal_sync.samegoal.publication.guards import judge
from samegoal_sync.samegoal.publication.transaction import reading, require_district


def preview(
    database_url: str, district: District, students: Curated, guardians: Curated, night: date
) -> Difference:
    """Compare tonight's frames with what is published; nothing is written.

    The same comparison, accounting and guards as a publication. A district's date range of
    additions only counts; a pause does not: a preview shows what waits behind it.

    Raises:
        InconsistentFrames / SumsDiffer: the frames can't be published.
        DistrictNotRegistered: the slug is unknown.
    """
    additions = district.settings.additions_only
    with reading(database_url) as connection:
        require_district(connection, district.slug)
        comparison = compare(connection, district.slug, students, guardians)
        if additions is not None and additions.covers(night):
            narrow_to_additions(comparison)
        counts, findings = count(comparison)
        return Difference(
            counts=counts,
            reasons=judge(comparison, district.settings.guards, night),
            changes=read_changes(comparison),
            findings=findings,
        )
