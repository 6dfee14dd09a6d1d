"""Random draws that depend on a row's own number only.

A row's values never change because other rows were added: a district that grew by a day, or
was generated larger, keeps its people. SplitMix64 is written in polars expressions, so that
100,000 students take seconds, and so that no library's own hash (which may change) decides.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import polars as pl

_SLOTS = 2_000


def _number(value: int) -> pl.Expr:
    return pl.lit(value & 0xFFFF_FFFF_FFFF_FFFF, dtype=pl.UInt64)


class Draws:
    """Draws for the rows of one kind; ``index`` is the column of their number.

    Args:
        seed: the district's seed.
        index: name of an integer column, unique per row of the kind.
        kind: tells kinds of rows apart that share numbers ("family", "student").
    """

    def __init__(self, seed: int, index: str, kind: str) -> None:
        self._seed, self._index, self._kind = seed, index, kind

    def _bits(self, name: str) -> pl.Expr:
        salt = zlib.crc32(f"{self._seed}/{self._kind}/{name}".encode())
        state = pl.col(self._index).cast(pl.UInt64) * _number(0x9E3779B97F4A7C15) + _number(
            salt * 0xD1342543DE82EF95
        )
        state = (state ^ (state // _number(1 << 30))) * _number(0xBF58476D1CE4E5B9)
        state = (state ^ (state // _number(1 << 27))) * _number(0x94D049BB133111EB)
        return state ^ (state // _number(1 << 31))

    def whole(self, name: str, below: int) -> pl.Expr:
        """A whole number from 0 to ``below - 1``."""
        return (self._bits(name) // _number(1 << 11) % _number(below)).cast(pl.Int64)

    def chance(self, name: str, share: float) -> pl.Expr:
        """True for this share of rows."""
        return self.whole(name, 1_000_000) < round(share * 1_000_000)

    def pick(self, name: str, values: Sequence[str | int | None]) -> pl.Expr:
        """One of the values, all equally likely."""
        position = self.whole(name, len(values)).cast(pl.UInt32)
        return pl.lit(pl.Series(list(values))).gather(position)

    def weighted(self, name: str, weights: Mapping[str, float] | Mapping[int, float]) -> pl.Expr:
        """One of the keys, each as likely as its weight says (to one in two thousand)."""
        total = sum(weights.values())
        slots: list[str | int | None] = []
        for value, weight in weights.items():
            slots.extend([value] * max(1, round(_SLOTS * weight / total)))
        return self.pick(name, slots)
