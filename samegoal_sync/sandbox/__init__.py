"""A local Qmlativ: schema-true simulated districts, Integration Access, changes and faults."""

from __future__ import annotations

from samegoal_sync.sandbox.population.advance_day import advance_district
from samegoal_sync.sandbox.population.day_changes import DayChanges
from samegoal_sync.sandbox.population.district_plan import SandboxDistrict
from samegoal_sync.sandbox.population.generate_district import generate_district
from samegoal_sync.sandbox.population.simulated_raw_objects import raw_objects
from samegoal_sync.sandbox.server.fault_kinds import FaultKind
from samegoal_sync.sandbox.server.sandbox import Sandbox
from samegoal_sync.sandbox.server.sandbox_server import running_sandbox

__all__ = [
    "DayChanges",
    "FaultKind",
    "Sandbox",
    "SandboxDistrict",
    "advance_district",
    "generate_district",
    "raw_objects",
    "running_sandbox",
]
