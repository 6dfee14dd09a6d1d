"""docs/district-settings.md: each setting of a district, its default, an example."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from samegoal_sync.district import DistrictSettings, Guards
from samegoal_sync.districts.registry.setting_rules import GUARD_RULES, SETTING_RULES


def district_settings() -> str:
    """The page, whole."""
    parts = [
        "# Settings of a district",
        "Made from the code by `python -m samegoal_sync.generated_docs`; change it there.",
        "A district's own choices. Each has the safe value as its default, and what stands at its "
        "default is not stored, so that defaults can improve. They are changed one or several at "
        "a time; a value is JSON, so that texts stand in double quotes. A setting that is given "
        "replaces what was there, all of it: name every building, not the one that is new. "
        "Most of them stand on the portal's District Information too.",
        "```sh\nsamegoal-sync districts change fairview-isd "
        f"--setting guardians='{json.dumps(SETTING_RULES['guardians'].example)}' \\\n"
        f"  --setting paused='{json.dumps(SETTING_RULES['paused'].example)}'\n"
        "samegoal-sync districts change fairview-isd --setting guardians='\"all\"' "
        "--setting paused=null\n```",
    ]
    for name, rule in SETTING_RULES.items():
        parts += [
            f"## {name}",
            rule.about,
            f"- Takes: {rule.takes}\n- Default: `{default_as_json(name)}`\n"
            f"- Example: `--setting {name}='{json.dumps(rule.example)}'`",
        ]
    defaults = asdict(Guards())
    rows = [f"| `{name}` | {defaults[name]:g} | {about} |" for name, about in GUARD_RULES.items()]
    guards = "\n".join(["| guard | default | beyond so many |", "|---|---:|---|", *rows])
    after = (
        "A share is a number between 0 and 1: 0.1 is a tenth. A guard that is not named keeps its "
        "default. What a held night is, and who decides: [publication](publication.md)."
    )
    return "\n\n".join([*parts, "## The guards", guards, after]) + "\n"


def default_as_json(name: str) -> str:
    """A setting's default, as JSON."""
    return json.dumps(_plain(getattr(DistrictSettings(), name)))


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return {} if isinstance(value, Guards) else value
