"""Every setting of a district has its rule, and page and help are made of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields

import pytest

from samegoal_sync.district import DistrictSettings, Guards
from samegoal_sync.districts.registry.setting_rules import GUARD_RULES, SETTING_RULES
from samegoal_sync.districts.registry.settings_json import settings_from_json, settings_to_json
from samegoal_sync.generated_docs.district_settings_page import default_as_json, district_settings


def test_every_field_has_a_rule_and_none_else() -> None:
    assert list(SETTING_RULES) == [field.name for field in fields(DistrictSettings)]
    assert list(GUARD_RULES) == [field.name for field in fields(Guards)]


@pytest.mark.parametrize("name", SETTING_RULES)
def test_each_example_is_taken_and_is_not_the_default(name: str) -> None:
    example = {name: SETTING_RULES[name].example}
    assert settings_to_json(settings_from_json(example)) == example


@pytest.mark.parametrize("name", SETTING_RULES)
def test_each_default_on_the_page_is_the_default(name: str) -> None:
    default = json.loads(default_as_json(name))
    assert settings_from_json({name: default}) == DistrictSettings()
    assert f"- Default: `{default_as_json(name)}`" in district_settings()


def test_the_help_of_change_lists_each_setting() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "samegoal_sync.cli", "districts", "change", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in SETTING_RULES:
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)
