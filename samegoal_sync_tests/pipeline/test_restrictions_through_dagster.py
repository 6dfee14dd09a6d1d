"""Random orders of materializing, refreshing and whole nights in Dagster, court orders between.

Whatever assets are made alone and whichever run publishes last: a guardian is shown exactly if the
newest read of which anything was published says so. ``samegoal/test_restrictions_property.py``
plays the same without Dagster, with more kinds of families and far more often.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from samegoal_sync.refresh.refresh_student import refresh_student
from samegoal_sync_tests.pipeline.conftest import World
from samegoal_sync_tests.pipeline.court_order import ACCESS, FAIRVIEW, Pair, is_published
from samegoal_sync_tests.pipeline.materializing import CURATED, PUBLISHED, RAW, materialize

_steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["restrict", "lift", "refresh"]), st.integers(0, 1)),
        st.tuples(st.sampled_from(["read", "curate", "publish", "publish late", "night"])),
    ),
    min_size=4,
    max_size=7,
)
_LATE = [("read",), ("restrict", 0), ("refresh", 0), ("curate",), ("publish",)]
_OVERTAKEN = [("read",), ("curate",), ("restrict", 1), ("night",), ("publish late",)]


class _Story:
    """What the newest read of each pair says, and which reads are stored in which order."""

    def __init__(self, world: World, instance: dg.DagsterInstance, before: pl.DataFrame) -> None:
        self.world, self.instance, self.before = world, instance, before
        self.restricted: set[int] = set()
        #: Each read: who was restricted when it was made. Older ones come first.
        self.reads: list[set[int]] = []
        self.raw: list[int] = []
        self.curated: list[int] = []
        self._enter()
        world.run()
        self.pairs = _two_pairs(world)
        self._read()
        self.newest = [0, 0]

    def play(self, step: tuple[Any, ...]) -> None:
        kind, *which = step
        getattr(self, f"_{kind.replace(' ', '_')}")(*which)
        for number, pair in enumerate(self.pairs):
            withheld = number in self.reads[self.newest[number]]
            assert is_published(self.world, pair) is not withheld, (number, kind)

    def _restrict(self, number: int) -> None:
        self.restricted.add(number)
        self._enter()

    def _lift(self, number: int) -> None:
        self.restricted.discard(number)
        self._enter()

    def _refresh(self, number: int) -> None:
        self.reads.append(set(self.restricted))
        slug, student = FAIRVIEW, self.pairs[number][0]
        refresh_student(self.world.settings, self.world.database_url, slug, student)
        self.newest[number] = len(self.reads) - 1

    def _read(self) -> None:
        self.reads.append(set(self.restricted))
        materialize(self.instance, *RAW)
        self.raw.append(len(self.reads) - 1)

    def _curate(self) -> None:
        materialize(self.instance, *CURATED)
        self.curated.append(self.raw[-1])

    def _publish(self) -> None:
        if self.curated:
            materialize(self.instance, *PUBLISHED)
            self._published(self.curated[-1])

    def _publish_late(self) -> None:
        """A run that curated before the newest one publishes only now."""
        if len(self.curated) < 2:
            return
        folders = [max(_folders(self.world, asset)) for asset in CURATED]
        hidden = [folder.rename(folder.with_name(f".{folder.name}")) for folder in folders]
        materialize(self.instance, *PUBLISHED)
        self._published(self.curated[-2])
        for folder, back in zip(hidden, folders, strict=True):
            folder.rename(back)

    def _night(self) -> None:
        self.reads.append(set(self.restricted))
        materialize(self.instance, *RAW, *CURATED, *PUBLISHED)
        self.raw.append(len(self.reads) - 1)
        self.curated.append(len(self.reads) - 1)
        self._published(len(self.reads) - 1)

    def _published(self, read: int) -> None:
        self.newest = [max(known, read) for known in self.newest]

    def _enter(self) -> None:
        """The court orders that hold now, as Qmlativ has them."""
        orders = [
            self.before.clear(1).with_columns(
                StudentGuardianRestrictedAccessID=pl.lit(9_999_000 + number),
                StudentGuardianID=pl.lit(_link(self.world, self.pairs[number])),
                StartDate=pl.lit("2020-01-01T00:00:00"),
            )
            for number in sorted(self.restricted)
        ]
        table = pl.concat([self.before, *(row.cast(self.before.schema) for row in orders)])
        self.world.sandbox.replace_table(FAIRVIEW, ACCESS, table)


def _folders(world: World, asset: str) -> list[Path]:
    folders = (world.settings.storage / asset / FAIRVIEW).iterdir()
    return [folder for folder in folders if not folder.name.startswith(".")]


def _two_pairs(world: World) -> list[Pair]:
    """A guardian of each of two students who have another one, and no guardian in common."""
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute(
            "select student_id, max(guardian_id) from samegoal.guardians g where district = %s "
            "and not exists (select from samegoal.guardians o "
            "where o.guardian_id = g.guardian_id and o.student_id <> g.student_id) "
            "group by 1 having count(*) > 1 order by 1 limit 2",
            (FAIRVIEW,),
        ).fetchall()
    return [(student, guardian) for student, guardian in rows]


def _link(world: World, pair: Pair) -> int:
    tables = world.sandbox.tables(FAIRVIEW)
    number = pl.col("StudentNumber").str.strip_chars()
    student = tables["Student/Student"].filter(number == pair[0]).item(0, "StudentID")
    links = tables["Family/StudentGuardian"].filter(StudentID=student, NameIDGuardian=pair[1])
    return int(links.item(0, "StudentGuardianID"))


@pytest.mark.slow
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(steps=_steps)
@example(steps=_LATE)
@example(steps=_OVERTAKEN)
def test_a_guardian_is_shown_as_the_newest_read_says_whatever_is_materialized(
    world: World, instance: dg.DagsterInstance, restrictions: pl.DataFrame, steps: list[Any]
) -> None:
    story = _Story(world, instance, restrictions)
    for step in steps:
        story.play(step)
