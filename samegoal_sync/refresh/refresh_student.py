"""Refresh one student at once: the child who moved in this morning, the parent's new number.

The same code curates and publishes as at night. What is read beside the student (guardians who
are students themselves, with half of what belongs to them) serves the rules only: it is cut
away before anything is published.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.demographics.validation.check_findings import require_checks_passed
from samegoal_sync.demographics.validation.curated_checks import check_curated
from samegoal_sync.demographics.validation.raw_checks import check_raw
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.limits import ONE_STUDENT
from samegoal_sync.qmlativ.reading.one_student import is_asked_for
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.last_good_night import last_good_findings
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.samegoal.publication.student_record import published_ids

if TYPE_CHECKING:
    from samegoal_sync.demographics.columns.curated_frames import Curated
    from samegoal_sync.qmlativ.raw_objects import RawObjects
    from samegoal_sync.samegoal.publication.syncs import Publication
    from samegoal_sync.settings import Settings


def refresh_student(
    settings: Settings, database_url: str, slug: str, student_id: str
) -> Publication:
    """Read one student from Qmlativ now and publish them by the same rules.

    Who is meant is the student published under this Student Id, whatever number they have in
    Qmlativ by now; and whoever has it there, published or not.

    A refresh that fails raises and leaves no sync: the district's night did not fail.

    Raises:
        QmlativError: the read failed, or Qmlativ has no such student.
        SyncError: what was read can't be published, or restrictions that were shared in the
            last good night no longer are; what is published stays.
    """
    registry = Registry(settings, database_url)
    district, started = registry.get(slug), datetime.now(UTC)
    today = district.today(started)
    sis_internal_id, pairs = published_ids(database_url, slug, student_id)
    with QmlativClient(registry.connection(slug), limits=ONE_STUDENT) as client:
        raw = client.read_student(student_id, sis_internal_id, pairs)
    require_checks_passed("raw", check_raw(raw))
    asked = is_asked_for(student_id, sis_internal_id)
    students, guardians = only_student(raw, *curate(raw, district, today), asked)
    previous = last_good_findings(database_url, slug).of_transforms
    findings = check_curated(students, guardians, previous, whole_district=False)
    require_checks_passed("curated", findings)
    return publish(
        database_url, district, students, guardians,
        run_id=f"student-{uuid.uuid4()}", night=today, started_at=started,
        coverage=Coverage.THESE_STUDENTS,
    )  # fmt: skip


def only_student(
    raw: RawObjects, students: Curated, guardians: Curated, asked: pl.Expr
) -> tuple[Curated, Curated]:
    """What was curated of the students asked for, with accounts and rejects, and of nobody else.

    Two students who share a number both stay: they are rejected, and reported.

    Args:
        asked: which rows of ``Student/Student`` they are.
    """
    asked_ids = raw["Student/Student"].filter(asked).get_column("StudentID")
    is_asked = pl.col("sis_internal_id").is_in(asked_ids.implode())
    account = students.account.filter(is_asked)
    of_theirs = pl.col("student_id").is_in(
        account.get_column("student_id").drop_nulls().unique().implode()
    )
    return (
        replace(
            students,
            frame=students.frame.filter(is_asked),
            account=account,
            rejects=students.rejects.filter(of_theirs),
        ),
        replace(
            guardians,
            frame=guardians.frame.filter(of_theirs),
            account=guardians.account.filter(of_theirs),
            rejects=guardians.rejects.filter(of_theirs),
            denied=guardians.denied.filter(of_theirs),
            kept_away=guardians.kept_away.filter(is_asked),
            # Of a restriction without its pair what is published tells whose it is.
            pair_ids=guardians.pair_ids.filter(is_asked | pl.col("sis_internal_id").is_null()),
        ),
    )
