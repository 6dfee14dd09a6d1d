"""One simulated Qmlativ system as it runs: its data, its records, its tokens, its log."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

import polars as pl

from samegoal_sync.errors import UsageError
from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.sandbox.facts import complete, object_fields, primary_key
from samegoal_sync.sandbox.population.advance_day import advance_district
from samegoal_sync.sandbox.population.day_changes import DayChanges
from samegoal_sync.sandbox.population.district_plan import SandboxDistrict
from samegoal_sync.sandbox.population.generate_district import generate_district
from samegoal_sync.sandbox.population.make_trouble import make_trouble
from samegoal_sync.sandbox.population.trouble_kinds import Trouble, TroubleKind
from samegoal_sync.sandbox.server.fault_kinds import FaultBoard
from samegoal_sync.sandbox.server.integration_access import (
    AccessBook,
    IntegrationAccess,
    a_year_after,
)
from samegoal_sync.sandbox.server.list_endpoint import Pages

#: Not published by Skyward; assumed.
TOKEN_LIFETIME_SECONDS = 1_800
_LOG_LENGTH = 50_000


@dataclass(frozen=True)
class LogEntry:
    """One call, as Qmlativ's usage log keeps it."""

    time: datetime
    method: str
    url: str
    status: int
    bytes: int
    milliseconds: float
    key: str | None
    suppressed_development_permissions: bool


@dataclass(frozen=True)
class Token:
    """A bearer token: whose it is and until when, on the monotonic clock."""

    key: str
    until: float


def path_name(slug: str) -> str:
    """``fairview-isd`` as the name in its web address: ``FairviewIsd``."""
    return "".join(part.capitalize() for part in slug.split("-"))


@cache
def granted_by_default() -> dict[str, frozenset[str]]:
    """What Skyward granted a real integration, and what this project's catalog asks besides."""
    granted = {
        name: {field for field, fact in facts.items() if fact.granted}
        for name, facts in object_fields().items()
    }
    for item in CATALOG:
        granted[item.name].update(item.schema)
    return {name: frozenset(fields) for name, fields in granted.items()}


class System:
    """A district (or several on one system) with everything that a server keeps."""

    def __init__(self, district: SandboxDistrict, *, end_of_list: str = "null") -> None:
        self.district = district
        self.today = district.today
        self.days = 0
        self.tables = generate_district(district)
        self.access = AccessBook()
        self.faults = FaultBoard()
        #: StudentIDs whom trouble befell: the next kind leaves them alone.
        self.troubled: frozenset[int] = frozenset()
        self.log: deque[LogEntry] = deque(maxlen=_LOG_LENGTH)
        self.writes = 0
        self.token_lifetime = float(TOKEN_LIFETIME_SECONDS)
        self._end_of_list = end_of_list
        self._tokens: dict[str, Token] = {}
        self._lock = threading.RLock()
        self.pages = Pages(self.tables, end_of_list)

    @property
    def path(self) -> str:
        """The path of its API Base URL."""
        return f"/{path_name(self.district.slug)}API"

    def granted(self, name: str) -> frozenset[str]:
        """Fields of an object that may be read; empty when the object is not granted."""
        hidden = self.district.not_granted
        if name in hidden:
            return frozenset()
        return frozenset(
            field for field in granted_by_default()[name] if f"{name}.{field}" not in hidden
        )

    def entities(self, district_id: int | None = None) -> frozenset[int]:
        """EntityIDs of the system, or of one of its districts."""
        rows = self.tables["District/Entity"]
        if district_id is not None:
            rows = rows.filter(rows["DistrictID"] == district_id)
        return frozenset(rows["EntityID"].to_list())

    def districts_covered(self, access: IntegrationAccess) -> frozenset[int] | None:
        """Districts with a ticked entity; ``None`` when that is all of them."""
        rows = self.tables["District/Entity"]
        ticked = rows.filter(rows["EntityID"].is_in(list(access.entities)))
        covered = frozenset(ticked["DistrictID"].to_list())
        return None if covered == frozenset(rows["DistrictID"].to_list()) else covered

    def create_access(
        self,
        key: str,
        *,
        name: str = "SameGoal",
        authentication: str = "OAuth 2.0",
        district_id: int | None = None,
        entities: frozenset[int] | None = None,
        effective: date | None = None,
        expires: date | None = None,
        never_expires: bool = False,
        token_field: tuple[str, str] | None = None,
    ) -> IntegrationAccess:
        """The district's step: a record that works from today and, unless said, for a year."""
        since = effective or self.today
        until = None if never_expires else expires or a_year_after(since)
        ticked = self.entities(district_id) if entities is None else entities
        return self.access.create(
            IntegrationAccess(
                key,
                name,
                ticked,
                since,
                until,
                authentication=authentication,
                token_field=token_field,
            )
        )

    def issue_token(self, key: str) -> str:
        """A new bearer token for an access."""
        text = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens[text] = Token(key, time.monotonic() + self.token_lifetime)
        return text

    def token(self, text: str) -> Token | None:
        """The token, expired or not; ``None`` if it was never issued."""
        with self._lock:
            return self._tokens.get(text)

    def expire_tokens(self) -> None:
        """Let every token that is out expire now."""
        with self._lock:
            self._tokens = {text: Token(old.key, 0.0) for text, old in self._tokens.items()}

    def advance(self, days: int = 1) -> DayChanges:
        """Move the district and its calendar on; the changes of all these days together.

        Raises:
            UsageError: the school year would turn over on the way, or there are no days.
        """
        if days < 1:
            raise UsageError(
                "A district moves on by whole days", hint="give a number of days from 1"
            )
        with self._lock:
            tables, today, seed = self.tables, self.today, self.district.seed
            total = DayChanges(today)
            for _ in range(days):
                tables, changes = advance_district(tables, today, seed)
                today = changes.today
                total = total.then(changes)
            self.tables, self.today, self.days = tables, today, self.days + days
            self.pages = Pages(tables, self._end_of_list)
            return total

    def make_trouble(self, kind: TroubleKind) -> Trouble:
        """Give the district one kind of trouble, in students whom no other befell.

        It is not part of what outlives a restart.

        Raises:
            UsageError: the district has too few students for it.
        """
        with self._lock:
            self.tables, trouble = make_trouble(self.tables, kind, self.today, self.troubled)
            self.troubled |= frozenset(trouble.students)
            self.pages = Pages(self.tables, self._end_of_list)
            return trouble

    def replace_table(self, name: str, rows: pl.DataFrame) -> None:
        """Put other rows in the place of an object's: a mishap that no ordinary day brings.

        What is missing of its fields is null. It is not part of what outlives a restart.
        """
        with self._lock:
            self.tables = {**self.tables, name: complete(name, rows.sort(primary_key(name)))}
            self.pages = Pages(self.tables, self._end_of_list)

    def record(self, entry: LogEntry, *, write: bool = False) -> None:
        """Keep a call in the usage log; attempts to write are counted besides."""
        with self._lock:
            self.log.append(entry)
            self.writes += write


def now() -> datetime:
    """The moment of a log entry."""
    return datetime.now(UTC)
