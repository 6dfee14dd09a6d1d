"""Dagster's programs as ``samegoal-sync dev`` starts them, and what a test waits for in a night."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, SensorInstigatorData

from samegoal_sync.commands.child_programs import running_program, wait_until_listening
from samegoal_sync.database import connect
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync_tests.commands.command_line import free_ports
from samegoal_sync_tests.pipeline.conftest import World

_T = TypeVar("_T")


@contextmanager
def dagster_programs(world: World, log: Path) -> Iterator[str]:
    """``dagster dev`` as ``samegoal-sync dev`` starts it: web server, daemon, code server."""
    (port,) = free_ports(1)
    with running_program(
        ("-m", "samegoal_sync.pipeline.dagster_program", "dagster", "dev",
         "-w", str(CHECKOUT / "workspace.yaml"),
         "-h", "127.0.0.1", "-p", str(port)),
        pipeline_environment(world.settings, world.database_url),
        log,
    ) as program:  # fmt: skip
        wait_until_listening(program, port, "Dagster UI", log, seconds=120)
        yield f"http://127.0.0.1:{port}"


#: Until a daemon has started and a cold worker reads: over two minutes at a load of twenty.
_LOADED = 240.0


def wait_for(
    what: str,
    look: Callable[[], _T | None],
    seconds: float = _LOADED,
    *,
    else_show: Callable[[], object] = lambda: "",
) -> _T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(1)
    raise AssertionError(f"{what} did not come within {seconds:.0f} s\n{else_show()}")


def due(world: World, slug: str) -> None:
    """Let the district's night be two hours overdue."""
    hour = (datetime.now(UTC) - timedelta(hours=2)).hour
    world.registry.update(slug, who="test", time_zone="UTC", hour=hour)


def is_reading(world: World, slug: str) -> bool:
    """Whether a run of the district is in the middle of its read, and Qmlativ says nothing."""
    with connect(world.database_url) as connection:
        shown = connection.execute(
            "select started_at from running_imports where district = %s", (slug,)
        ).fetchone()
    if shown is None:
        return False
    # The sandbox outlives a test: what it answered to another one's run does not count.
    answered = [one.time for one in world.sandbox.log(slug) if one.time > shown[0]]
    return len(answered) >= 4 and answered[-1] < datetime.now(UTC) - timedelta(seconds=3)


def missed_nights_state(instance: dg.DagsterInstance) -> InstigatorState | None:
    """The sensor that asks for nights which nobody was there to ask for."""
    return next(
        (one for one in instance.all_instigator_state() if one.name == "missed_nights"), None
    )


def forget_ticks(instance: dg.DagsterInstance) -> None:
    """Let the next daemon look again, as five minutes later."""
    state = missed_nights_state(instance)
    assert state is not None
    now = datetime.now(UTC).timestamp()
    instance.purge_ticks(state.instigator_origin_id, state.selector_id, now)
    assert isinstance(state.instigator_data, SensorInstigatorData)
    data = state.instigator_data._replace(
        last_tick_start_timestamp=None, last_tick_timestamp=None, last_tick_success_timestamp=None
    )
    instance.update_instigator_state(state.with_data(data))
