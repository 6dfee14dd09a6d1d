"""The facts: what the CSV files say is what is served and what the catalog asks for."""

from __future__ import annotations

import polars as pl

from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.sandbox.facts import complete, object_fields, primary_key, relationships


def test_every_field_of_the_catalog_is_a_fact_of_the_same_type() -> None:
    for item in CATALOG:
        facts = object_fields()[item.name]
        assert item.primary_key == primary_key(item.name)
        for field in item.fields:
            assert facts[field.name].polars == field.type.polars, (item.name, field.name)


def test_every_object_has_one_primary_key() -> None:
    for name, facts in object_fields().items():
        assert sum(fact.primary_key for fact in facts.values()) == 1, name


def test_joins_name_their_key_and_object() -> None:
    guardian = {join.name: join for join in relationships()["Family/StudentGuardian"]}
    assert guardian["NameGuardian"].foreign_key == "NameIDGuardian"
    assert guardian["NameGuardian"].related == "Demographics/Name"


def test_a_completed_frame_has_every_field_in_order() -> None:
    frame = complete("Demographics/County", pl.DataFrame({"Name": ["Marlow"], "CountyID": [1]}))
    assert frame.columns == list(object_fields()["Demographics/County"])
    assert frame["Name"].to_list() == ["Marlow"]
    assert frame["StateID"].to_list() == [None]
