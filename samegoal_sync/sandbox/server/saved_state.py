"""What outlives a restart: access records (secrets as hashes), the first day, days advanced.

The data themselves are not kept: they follow from the seed and the number of days.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from samegoal_sync.sandbox.population.district_plan import SandboxDistrict
from samegoal_sync.sandbox.server.simulated_system import System


class StateFolder:
    """One file a system, 0600 in a folder 0700; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _read(self, slug: str) -> dict[str, Any]:
        path = self._path(slug)
        values: dict[str, Any] = json.loads(path.read_text()) if path and path.exists() else {}
        return values

    def _path(self, slug: str) -> Path | None:
        return self._folder / f"{slug}.json" if self._folder else None

    def as_first_generated(self, district: SandboxDistrict) -> SandboxDistrict:
        """The district with the day on which it was first generated, so that it stays itself."""
        first = self._read(district.slug).get("first_day")
        return replace(district, today=date.fromisoformat(first)) if first else district

    def restore(self, system: System) -> None:
        """Give a new system its records back, and its days if it begins where they began."""
        values = self._read(system.district.slug)
        same = values.get("first_day") == system.district.today.isoformat()
        if same and values.get("days"):
            system.advance(values["days"])
        system.access.load(values.get("access", []))

    def keep(self, system: System) -> None:
        """Write the system's state, whole or not at all."""
        path = self._path(system.district.slug)
        if path is None:
            return
        values = {
            "first_day": system.district.today.isoformat(),
            "days": system.days,
            "access": system.access.to_json(),
        }
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(values, file, indent=1)
        fresh.replace(path)
