"""Draws: the same for the same row, whatever other rows there are, and as likely as asked."""

from __future__ import annotations

import polars as pl

from samegoal_sync.sandbox.population.draws import Draws


def _rows(count: int, first: int = 0) -> pl.DataFrame:
    return pl.DataFrame({"n": pl.int_range(first, first + count, eager=True)})


def test_a_row_keeps_its_draw_when_others_are_added() -> None:
    draws = Draws(7, "n", "row")
    few = _rows(10).select(x=draws.whole("x", 1_000))["x"]
    many = _rows(1_000).select(x=draws.whole("x", 1_000))["x"]
    late = _rows(5, first=5).select(x=draws.whole("x", 1_000))["x"]
    assert few.to_list() == many.head(10).to_list()
    assert late.to_list() == few.tail(5).to_list()


def test_draws_are_pinned_so_that_districts_stay_the_same_across_versions() -> None:
    drawn = _rows(6).select(x=Draws(0, "n", "row").whole("x", 100))["x"]
    assert drawn.to_list() == [41, 86, 96, 84, 8, 71]


def test_seed_kind_and_name_make_other_draws() -> None:
    rows = _rows(200)
    columns = [
        rows.select(x=Draws(seed, "n", kind).whole(name, 1_000))["x"].to_list()
        for seed, kind, name in ((0, "a", "x"), (1, "a", "x"), (0, "b", "x"), (0, "a", "y"))
    ]
    assert len({tuple(column) for column in columns}) == 4


def test_chances_and_weights_come_out_as_asked() -> None:
    draws = Draws(3, "n", "row")
    rows = _rows(20_000).select(
        rare=draws.chance("rare", 0.02), kind=draws.weighted("kind", {"a": 3, "b": 1})
    )
    assert 300 < rows["rare"].sum() < 500
    assert 4_600 < (rows["kind"] == "b").sum() < 5_400
