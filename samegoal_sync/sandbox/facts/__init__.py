"""Qmlativ's objects, fields and joins as public connectors dumped them, read from two CSV files.

The sandbox serves exactly these fields, and tests check the client's catalog against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

_FOLDER = Path(__file__).parent
_INTEGERS = frozenset({"BigInt", "Int", "SmallInt", "TinyInt"})


@dataclass(frozen=True)
class FieldFact:
    """One line of fields.csv; ``granted`` is what Skyward granted a real vendor in 2024."""

    object: str
    name: str
    type: str
    primary_key: bool
    required: bool
    granted: bool

    @property
    def polars(self) -> pl.DataType:
        """How the sandbox holds it: dates stay text, because text is what is sent."""
        if self.type in _INTEGERS:
            return pl.Int64()
        if self.type == "Bool":
            return pl.Boolean()
        return pl.Float64() if self.type == "Decimal" else pl.String()


@dataclass(frozen=True)
class RelationshipFact:
    """One line of relationships.csv."""

    object: str
    name: str
    kind: str
    foreign_key: str
    related: str


@cache
def object_fields() -> dict[str, dict[str, FieldFact]]:
    """``"Module/Object"`` -> field name -> its traits, in Qmlativ's order."""
    facts: dict[str, dict[str, FieldFact]] = {}
    for row in pl.read_csv(_FOLDER / "fields.csv", infer_schema=False).iter_rows(named=True):
        fact = FieldFact(
            row["object"],
            row["field"],
            row["type"] or "Text",
            row["primary_key"] == "True",
            row["required"] == "True",
            row["granted_to_a_real_integration"] == "True",
        )
        facts.setdefault(fact.object, {})[fact.name] = fact
    return facts


@cache
def relationships() -> dict[str, tuple[RelationshipFact, ...]]:
    """``"Module/Object"`` -> its joins."""
    facts: dict[str, tuple[RelationshipFact, ...]] = {}
    for row in pl.read_csv(_FOLDER / "relationships.csv", infer_schema=False).iter_rows():
        fact = RelationshipFact(*row)
        facts[fact.object] = (*facts.get(fact.object, ()), fact)
    return facts


def primary_key(name: str) -> str:
    """The primary key of ``"Module/Object"``."""
    return next(fact.name for fact in object_fields()[name].values() if fact.primary_key)


def complete(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every field of its object, nulls where the sandbox makes up nothing."""
    facts = object_fields()[name]
    missing = [
        pl.lit(None, dtype=fact.polars).alias(field)
        for field, fact in facts.items()
        if field not in frame.columns
    ]
    present = [pl.col(field).cast(facts[field].polars) for field in frame.columns]
    return frame.with_columns(*present, *missing).select(list(facts))
