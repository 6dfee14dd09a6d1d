"""The catalog agrees with the facts about Qmlativ, and asks for nothing twice."""

from __future__ import annotations

from importlib.resources import files

import polars as pl
import pytest

from samegoal_sync.qmlativ.catalog import CATALOG, QmlativObject, RawAsset, objects_of

_FACTS = pl.read_csv(
    (files("samegoal_sync.sandbox") / "facts" / "fields.csv").read_bytes(), infer_schema_length=None
)


@pytest.mark.parametrize("item", CATALOG, ids=lambda item: item.name)
def test_every_field_is_a_field_of_qmlativ_with_its_type(item: QmlativObject) -> None:
    known = _FACTS.filter(pl.col("object") == item.name)
    # The dump names no type for an enumeration's code companion (GenderCode); it is text.
    types = dict(zip(known["field"], known["type"].fill_null("Text"), strict=True))
    wrong = {
        field.name: (field.type.value, types.get(field.name))
        for field in item.fields
        if types.get(field.name) != field.type.value
    }
    assert not wrong


def test_each_object_is_read_once() -> None:
    names = [item.name for item in CATALOG]
    assert len(names) == len(set(names))
    assert sorted(names) == sorted(one.name for asset in RawAsset for one in objects_of(asset))


def test_every_field_has_a_reason_and_every_key_is_essential() -> None:
    for item in CATALOG:
        assert all(field.reason for field in item.fields)
        assert item.fields[0].essential
        assert item.primary_key.endswith("ID")
