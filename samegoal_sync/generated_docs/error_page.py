"""docs/errors.md: every error that this project raises on purpose, made from the classes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import samegoal_sync
from samegoal_sync.errors import SyncError


def errors() -> str:
    """docs/errors.md: the classes of error of each room, what each means and who acts."""
    parts = [
        "# Errors",
        "Made from the code by `python -m samegoal_sync.generated_docs`; change it there.",
        "Every error says what happened, who has to act and what to do: a message, then a line "
        "`hint:`. None holds a secret or a value of a student. *Tried again* means that the "
        "client, the night or the delivery tries again by itself before somebody has to act. A "
        "command that meets an error ends with its exit status.",
    ]
    for module, classes in _by_module():
        rows = [_row(one) for one in classes]
        table = "\n".join(
            [
                "| error | what it means | who acts first | tried again | exit status |",
                "|---|---|---|---|---|",
                *rows,
            ]
        )
        parts += [f"## {module}", table]
    return "\n\n".join(parts) + "\n"


def error_classes() -> Iterator[type[SyncError]]:
    """Every class of error, in the order of its room and of its place in the file."""
    for found in pkgutil.walk_packages(samegoal_sync.__path__, "samegoal_sync."):
        if "migrations" in found.name or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        own = [
            one
            for _, one in inspect.getmembers(module, inspect.isclass)
            if issubclass(one, SyncError) and one.__module__ == found.name
        ]
        yield from sorted(own, key=lambda one: inspect.getsourcelines(one)[1])


def _by_module() -> list[tuple[str, list[type[SyncError]]]]:
    rooms: dict[str, list[type[SyncError]]] = {}
    for one in error_classes():
        if one is not SyncError:
            rooms.setdefault(one.__module__.removeprefix("samegoal_sync."), []).append(one)
    return list(rooms.items())


def _row(one: type[SyncError]) -> str:
    what = (inspect.getdoc(one) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    again = "yes" if one.transient else ""
    return f"| {one.__name__} | {what} | {one.default_actor.value} | {again} | {one.exit_status} |"
