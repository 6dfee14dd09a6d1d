"""A local Qmlativ: schema-true simulated districts, Integration Access, changes and faults."""

from __future__ import annotations

from samegoal_sync.sandbox.changes import advance_district
from samegoal_sync.sandbox.day_changes import DayChanges
from samegoal_sync.sandbox.faults import FaultKind
from samegoal_sync.sandbox.generate import generate_district
from samegoal_sync.sandbox.plan import SandboxDistrict
from samegoal_sync.sandbox.raw import raw_objects
from samegoal_sync.sandbox.server import Sandbox, running_sandbox

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
