"""Any mess of raw rows gives valid curated rows plus rejects, and every student accounted for."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samegoal_sync.demographics.columns.curated_frames import (
    GUARDIAN_COLUMNS,
    KEEP,
    STUDENT_COLUMNS,
)
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.demographics.validation.curated_checks import check_curated
from samegoal_sync.demographics.validation.raw_checks import check_raw
from samegoal_sync.district import DistrictSettings, GuardianChoice
from samegoal_sync.qmlativ.catalog import CATALOG, QmlativObject, QmlativType
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.sandbox import SandboxDistrict, generate_district, raw_objects

TODAY = date(2026, 11, 25)

_MESS = {
    QmlativType.TEXT: st.one_of(
        st.sampled_from(["A1", "B2", "Alma", "312-555-0100", None]),
        st.sampled_from(["", "  ", "x@y.org", "a@b.org,c@d.org", "\x00", "\ufffd", "1-2-3"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    QmlativType.DATE: st.one_of(
        st.none(),
        st.just("2012-01-01"),
        st.sampled_from(["", "2026-11-25", "01/02/2030", "0000-00-00", "n/a"]),
    ),
    QmlativType.FLAG: st.sampled_from([None, True, False]),
    QmlativType.RANK: st.sampled_from([None, 1, 1, 2, -1]),
    QmlativType.NUMBER: st.sampled_from([None, 2026, 2027, 2028]),
    # Few ids, so that rows meet, miss and repeat each other.
    QmlativType.ID: st.sampled_from([None, 1, 1, 2, 3]),
}


class BriefRaw(RawObjects):
    """Raw objects that a failing example tells by their rows only: whole frames fill a screen."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr({name: frame.height for name, frame in self.frames.items()}))


@st.composite
def messy_raw(draw: st.DrawFn) -> RawObjects:
    """Every object with a few rows of anything its types allow, and some fields not shared."""
    frames = {item.name: draw(_messy_frame(item)) for item in CATALOG}
    optional = [(item.name, field.name) for item in CATALOG for field in item.fields]
    hidden = draw(st.sets(st.sampled_from(optional), max_size=6))
    absent: dict[str, frozenset[str]] = {}
    for name, field in hidden:
        frames[name] = frames[name].with_columns(
            pl.lit(None, frames[name].schema[field]).alias(field)
        )
        absent[name] = absent.get(name, frozenset()) | {field}
    return BriefRaw(frames, absent)


@st.composite
def _messy_frame(draw: st.DrawFn, item: QmlativObject) -> pl.DataFrame:
    row = st.tuples(*(_MESS[field.type] for field in item.fields))
    rows = draw(st.lists(row, min_size=1, max_size=4))
    frame = pl.DataFrame(rows, schema=item.schema, orient="row")
    # Most keys are there once, so that the mess reaches the columns behind them.
    keys = pl.Series(item.primary_key, range(1, len(rows) + 1), dtype=pl.Int64)
    return frame.with_columns(keys) if draw(st.integers(0, 3)) else frame


@cache
def sandbox_district(students: int, seed: int) -> RawObjects:
    district = SandboxDistrict("fairview-isd", "Fairview ISD", students, seed=seed, today=TODAY)
    return raw_objects(generate_district(district))


@st.composite
def spoilt_raw(draw: st.DrawFn) -> RawObjects:
    """A lifelike small district in which values, rows and fields went wrong."""
    frames = dict(sandbox_district(60, 5).frames)
    for item in draw(st.lists(st.sampled_from(CATALOG), min_size=1, max_size=8)):
        frame = frames[item.name]
        kind = draw(st.sampled_from(["value", "value", "value", "twice", "lost"]))
        if kind == "value":
            field = draw(st.sampled_from(item.fields))
            every = pl.int_range(pl.len()) % draw(st.integers(1, 5)) == 0
            wrong = pl.lit(draw(_MESS[field.type]), field.type.polars)
            value = pl.when(every).then(wrong).otherwise(field.name)
            frames[item.name] = frame.with_columns(value.alias(field.name))
        elif kind == "twice":
            frames[item.name] = pl.concat([frame, frame.head(3)])
        else:
            frames[item.name] = frame.slice(draw(st.integers(1, 20)))
    return BriefRaw(frames)


_PATIENT = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.slow
@_PATIENT
@given(raw=messy_raw(), choice=st.sampled_from(GuardianChoice), shown=st.booleans())
def test_any_mess_gives_valid_rows_and_an_account_that_adds_up(
    raw: RawObjects, choice: GuardianChoice, shown: bool
) -> None:
    assert_valid(raw, DistrictSettings(guardians=choice, publish_restricted=shown))


@_PATIENT
@given(raw=spoilt_raw(), choice=st.sampled_from(GuardianChoice))
def test_a_spoilt_district_gives_valid_rows_and_an_account_that_adds_up(
    raw: RawObjects, choice: GuardianChoice
) -> None:
    assert_valid(raw, DistrictSettings(guardians=choice))


def assert_valid(raw: RawObjects, chosen: DistrictSettings) -> None:
    """Curated frames pass every blocking check, and every student sent is accounted for."""
    district = raw["District/District"].get_column("DistrictID").drop_nulls()
    key = int(district[0]) if district.len() else 1
    students = curate_students(raw, chosen, TODAY, district_id=key)
    guardians = curate_guardians(raw, students, chosen, TODAY)
    blocking = [item for item in check_curated(students, guardians) if item.blocking]
    assert [item for item in blocking if not item.passed] == []
    sent = raw["Student/Student"].get_column("StudentID").drop_nulls().n_unique()
    assert students.account.height == sent
    assert students.frame.columns == [*STUDENT_COLUMNS, KEEP]
    assert guardians.frame.columns == [*GUARDIAN_COLUMNS, KEEP]
    check_raw(raw)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_lifelike_district_is_fit_at_both_stages(seed: int) -> None:
    raw = sandbox_district(800, seed)
    students = curate_students(raw, DistrictSettings(), TODAY)
    guardians = curate_guardians(raw, students, DistrictSettings(), TODAY)
    failed = [i for i in check_raw(raw) + check_curated(students, guardians) if not i.passed]
    assert failed == []
    assert students.frame.height > 700


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_never_matters(seed: int) -> None:
    raw = sandbox_district(300, 3)
    shuffled = RawObjects(
        {
            name: frame.sample(fraction=1, shuffle=True, seed=seed)
            for name, frame in raw.frames.items()
        }
    )
    for one in (raw, shuffled):
        students = curate_students(one, DistrictSettings(), TODAY)
        guardians = curate_guardians(one, students, DistrictSettings(), TODAY)
        if one is raw:
            expected = students.frame, guardians.frame, students.rejects, guardians.rejects
    assert students.frame.equals(expected[0])
    assert guardians.frame.equals(expected[1])
    assert students.rejects.equals(expected[2])
    assert guardians.rejects.equals(expected[3])
