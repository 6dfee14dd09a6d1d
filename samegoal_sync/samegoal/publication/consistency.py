"""Last look at the door: frames that contradict themselves are not published.

The middle's checks say this earlier and better; they hold only inside their own run, so
publication makes sure itself.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.columns.student_columns import ENROLLMENTS
from samegoal_sync.samegoal.errors import InconsistentFrames
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
    Published,
)


def require_consistent(students: Curated, guardians: Curated) -> None:
    """Check both frames against their accounts and against each other.

    Raises:
        InconsistentFrames: keys missing or twice, a row without its account, a guardian without its
            student, an unknown enrollment status.
    """
    _require_keys("student_demographics", students, PUBLISHED_STUDENTS)
    _require_keys("guardian_demographics", guardians, PUBLISHED_GUARDIANS)
    identities = students.account["sis_internal_id"].drop_nulls()
    if identities.is_duplicated().any():
        raise InconsistentFrames("one Qmlativ student is accounted for twice")
    statuses = students.frame["district_enrollment"].drop_nulls()
    if not statuses.is_in(ENROLLMENTS).all():
        raise InconsistentFrames("district_enrollment holds a value that SameGoal does not know")
    _require_one_outcome(guardians)
    if guardians.frame["priority"].null_count():
        raise InconsistentFrames("guardian_demographics has rows without a priority")
    strangers = guardians.frame.join(students.frame, on="student_id", how="anti").height
    if strangers:
        raise InconsistentFrames(
            f"{strangers} guardians belong to students that are not in tonight's frame"
        )


def _require_keys(name: str, curated: Curated, published: Published) -> None:
    missing = set(published.schema) - set(curated.frame.columns)
    if missing:
        raise InconsistentFrames(f"{name} lacks the columns {', '.join(sorted(missing))}")
    key = list(published.key)
    keys = curated.frame.select(key)
    if keys.select(pl.any_horizontal(pl.col(key).is_null().any())).item():
        raise InconsistentFrames(f"{name} has rows without a key")
    if keys.is_duplicated().any():
        raise InconsistentFrames(f"{name} has one key twice")
    accounted = curated.account.filter(pl.col("outcome") == "curated").select(key)
    if accounted.height != keys.height or keys.join(accounted, on=key, how="anti").height:
        raise InconsistentFrames(f"the rows of {name} and its account differ")


def _require_one_outcome(guardians: Curated) -> None:
    """A pair that is curated and withheld at once would come and go, night after night."""
    key = list(PUBLISHED_GUARDIANS.key)
    others = guardians.account.filter(pl.col("outcome") != "curated").select(key)
    both = guardians.frame.join(others, on=key, how="semi").height
    if both:
        raise InconsistentFrames(
            f"{both} guardians are both curated and not in guardian_demographics"
        )
