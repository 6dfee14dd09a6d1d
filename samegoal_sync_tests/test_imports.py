"""Imports run one way: a student's record flows from qmlativ over demographics to samegoal."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import samegoal_sync

PACKAGE = Path(samegoal_sync.__file__).parent

#: What every room may use.
_GROUND = {"errors", "secret", "settings"}
#: Room -> the rooms it may use besides its own.
_ALLOWED = {
    "qmlativ": _GROUND,
    "database": _GROUND,
    "storage": _GROUND | {"qmlativ", "demographics"},
    "demographics": _GROUND | {"qmlativ", "districts.district"},
    "samegoal": _GROUND | {"database", "demographics", "districts.district"},
    "districts": _GROUND
    | {"database", "qmlativ", "demographics.rules", "samegoal", "storage", "partitions"},
    "sandbox": _GROUND | {"qmlativ"},
    "portal": _GROUND
    | {"database", "demographics", "districts", "samegoal", "refresh", "runs", "instance"},
}
#: Where a room meets Dagster: these see the whole pipeline, and only definitions sees them.
_DAGSTER = {"assets", "delivery_assets", "io_managers", "checks", "freshness", "first_import"}


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    prefix = "samegoal_sync."
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def test_each_room_uses_only_rooms_before_it() -> None:
    wrong: dict[str, set[str]] = defaultdict(set)
    for module, path in _modules().items():
        room = module.split(".")[0]
        if room not in _ALLOWED or module.split(".")[-1] in _DAGSTER:
            continue
        for name in _imported(path):
            allowed = _ALLOWED[room] | {room}
            if name.split(".")[0] not in allowed and name not in allowed:
                wrong[module].add(name)
    assert dict(wrong) == {}


def test_the_pure_rooms_know_nothing_of_dagster() -> None:
    wrong = []
    for module, path in _modules().items():
        room, last = module.split(".")[0], module.split(".")[-1]
        if room in {"qmlativ", "demographics", "samegoal"} and last not in _DAGSTER:
            text = path.read_text()
            if "import dagster" in text or "from dagster" in text:
                wrong.append(module)
    assert wrong == []


def test_only_the_command_line_uses_the_commands() -> None:
    users = {
        module
        for module, path in _modules().items()
        if any(name.startswith("commands") for name in _imported(path))
    }
    assert {user.split(".")[0] for user in users} == {"cli", "commands"}
