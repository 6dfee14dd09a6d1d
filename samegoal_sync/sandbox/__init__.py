"""A local Qmlativ: schema-true simulated districts, Integration Access, changes and faults."""

from __future__ import annotations

from samegoal_sync.sandbox.generate import generate_district
from samegoal_sync.sandbox.plan import SandboxDistrict
from samegoal_sync.sandbox.raw import raw_objects

__all__ = ["SandboxDistrict", "generate_district", "raw_objects"]
