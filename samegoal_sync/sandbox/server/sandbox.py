"""All simulated systems of one sandbox, and what a person does to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox.population.day_changes import DayChanges
from samegoal_sync.sandbox.population.district_plan import SandboxDistrict
from samegoal_sync.sandbox.population.trouble_kinds import Trouble, TroubleKind
from samegoal_sync.sandbox.server.fault_kinds import Fault, FaultKind
from samegoal_sync.sandbox.server.integration_access import IntegrationAccess
from samegoal_sync.sandbox.server.saved_state import StateFolder
from samegoal_sync.sandbox.server.simulated_system import LogEntry, System

HOST = "127.0.0.1"


class Sandbox:
    """All simulated systems; its methods do what the pages and the admin addresses do."""

    def __init__(
        self,
        districts: Sequence[SandboxDistrict],
        state_folder: Path | None = None,
        *,
        on_this_day: bool = False,
    ) -> None:
        self.port = 0
        self._state = StateFolder(state_folder)
        self.systems = {
            item.slug: System(item if on_this_day else self._state.as_first_generated(item))
            for item in districts
        }
        for system in self.systems.values():
            self._state.restore(system)

    def system(self, slug: str) -> System:
        """The system with this slug, or with this name in its API Base URL (``FairviewIsdAPI``).

        Raises:
            UsageError: there is none.
        """
        named = self.systems | {one.path.strip("/"): one for one in self.systems.values()}
        if slug not in named:
            raise UsageError(
                f"The sandbox has no district {slug}",
                hint="it has: " + ", ".join(sorted(self.systems)),
            )
        return named[slug]

    def base_url(self, slug: str) -> str:
        """The API Base URL of a district."""
        return f"http://{HOST}:{self.port}{self.system(slug).path}"

    def web_url(self, slug: str) -> str:
        """The district's web address, where Integration Access is made."""
        return self.base_url(slug).removesuffix("API") + "STS"

    def create_access(self, slug: str, key: str, **settings: Any) -> IntegrationAccess:
        """The district's step; see ``System.create_access`` for the settings."""
        access = self.system(slug).create_access(key, **settings)
        self.save(slug)
        return access

    def generate_secret(self, slug: str, key: str) -> str:
        """The vendor's step: a secret, shown this once."""
        secret = self.system(slug).access.generate_secret(key)
        self.save(slug)
        return secret

    def extend_access(self, slug: str, key: str, expires: date | None) -> IntegrationAccess:
        """Move or (``None``) remove the expiration date."""
        access = self.system(slug).access.extend(key, expires)
        self.save(slug)
        return access

    def set_access_active(self, slug: str, key: str, active: bool) -> IntegrationAccess:
        """Tick or untick Is Active."""
        access = self.system(slug).access.set_active(key, active)
        self.save(slug)
        return access

    def advance(self, slug: str, days: int = 1) -> DayChanges:
        """Move a district on; what changed, exactly."""
        changes = self.system(slug).advance(days)
        self.save(slug)
        return changes

    def set_today(self, slug: str, today: date) -> None:
        """Move the calendar alone, so that an access expires or begins; data stay."""
        self.system(slug).today = today

    def trouble(self, slug: str, kind: str) -> Trouble:
        """Give the district one kind of trouble; whom it befell.

        Raises:
            UsageError: an unknown kind, or too few students for it.
        """
        if kind not in list(TroubleKind):
            raise UsageError(
                "The sandbox does not know this trouble", hint="one of: " + ", ".join(TroubleKind)
            )
        return self.system(slug).make_trouble(TroubleKind(kind))

    def fault(
        self,
        slug: str,
        kind: str,
        *,
        count: int | None = 1,
        after: int = 0,
        path: str = "",
        seconds: float | None = None,
    ) -> None:
        """Set a fault; see ``Fault``."""
        self.system(slug).faults.add(Fault(FaultKind(kind), count, after, path, seconds))

    def clear_faults(self, slug: str) -> None:
        self.system(slug).faults.clear()

    def tables(self, slug: str) -> dict[str, pl.DataFrame]:
        """What the system truly holds today."""
        return self.system(slug).tables

    def replace_table(self, slug: str, name: str, rows: pl.DataFrame) -> None:
        """Put other rows in the place of an object's, to try a night that must not go through."""
        self.system(slug).replace_table(name, rows)

    def log(self, slug: str) -> list[LogEntry]:
        """Calls so far, oldest first."""
        return list(self.system(slug).log)

    def writes(self, slug: str) -> int:
        """Attempts to update, create or delete: a reader makes none."""
        return self.system(slug).writes

    def save(self, slug: str) -> None:
        self._state.keep(self.system(slug))
