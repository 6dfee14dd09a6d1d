"""A district as the registry knows it, and the settings that are its own choice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo

#: A district's slug: its partition key in Dagster, ``[a-z0-9-]``.
Slug = NewType("Slug", str)

#: No district's slug: names of assets and of folders of frames, which would be taken for a
#: district's. Removing a district ``students`` once removed every district's raw frames.
RESERVED_SLUGS = frozenset(
    {"qmlativ", "samegoal", "entities", "students", "guardians", "csv", "storage", "postgres"}
)

#: Name of Dagster's dynamic partitions, whose keys the slugs are.
PARTITIONS = "district"


class DistrictState(StrEnum):
    """Where a district stands; onboarding runs from the first to ``ACTIVE``."""

    REQUESTED = "requested"
    VERIFIED = "verified"
    CONNECTED = "connected"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    FAILING = "failing"


class GuardianChoice(StrEnum):
    """Which of a student's guardians are published."""

    ALL = "all"
    FIRST_TWO = "first_two"
    FIRST_TWO_CUSTODIAL = "first_two_custodial"


class Caseload(StrEnum):
    """Whose students a teacher sees."""

    BUILDINGS = "buildings"
    ASSIGNED = "assigned"


#: What a withdrawal code may mean that closes the year of a student who has not left.
STAYS = "STAYS"
#: What a district can map its withdrawal codes to.
EXIT_STATUSES = ("TRANSFERRED", "WITHDREW", "DROPPED_OUT", "GRADUATED", "INACTIVE", STAYS)


@dataclass(frozen=True)
class Guards:
    """Shares beyond which a night is held (0.10 is 10 %); none counts under ``floor`` students.

    ``first_night`` is of a district of which nothing is published yet: at 1 it goes through, at
    0 it is held for a look, however few its students are. ``restrictions_lost`` is of the
    guardians who were restricted; beyond it the night fails rather than waits, see
    docs/checks.md.
    """

    floor: int = 20
    students_lost: float = 0.10
    students_new: float = 0.25
    identities_changed: float = 0.25
    column_emptied: float = 0.10
    students_without_guardians: float = 0.05
    guardians_removed: float = 0.15
    restrictions_lost: float = 0.5
    first_night: float = 1.0


@dataclass(frozen=True)
class DateRange:
    """Days, both included, on which a district is paused or takes additions only."""

    first: date
    last: date

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class DistrictSettings:
    """A district's own choices. Every one has the safe value as its default.

    Attributes:
        guardians: which guardians are published.
        publish_restricted: publish a guardian under an active restriction with the restriction
            shown, instead of withholding them.
        parent_years: a guardian who is an enrolled minor is shown to students at least so many
            years younger, as their parent; from all others they are withheld.
        shared_email_limit: an e-mail that so many guardians without a common student have is
            nobody's own.
        buildings: school name as Qmlativ has it -> the name under Settings > Buildings.
        age_limit: most years of a student on the day on which the school year begins.
        exit_codes: withdrawal code or its description -> one of ``EXIT_STATUSES``.
        languages: a language's description or code -> two-letter ISO 639-1 code.
        guards: when a night is held.
        paused / additions_only: date ranges.
        notify: kinds of morning mail that the district's contacts want.
        teachers_see: the students of their buildings and those assigned to them, or the latter
            alone.
    """

    guardians: GuardianChoice = GuardianChoice.ALL
    publish_restricted: bool = False
    parent_years: int = 12
    shared_email_limit: int = 4
    buildings: dict[str, str] = field(default_factory=dict)
    age_limit: int = 30
    exit_codes: dict[str, str] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    guards: Guards = field(default_factory=Guards)
    paused: DateRange | None = None
    additions_only: DateRange | None = None
    notify: frozenset[str] = frozenset({"failed", "held", "expiring", "rejects"})
    teachers_see: Caseload = Caseload.BUILDINGS


@dataclass(frozen=True)
class District:
    """One district of the registry; its secret is not part of it (see ``credentials``).

    Attributes:
        slug: partition key.
        base_url: API Base URL, without a trailing slash.
        client_key: the Integration Access's Key, the OAuth client id.
        time_zone: IANA time zone of the district's own night.
        hour: local hour at which its night is due.
        token_url / api_prefix: for vendors that need them.
        token_fields / headers: names of further fields and headers; their values are encrypted.
        district_id: which of the system's districts this one is (``None``: the only one).
    """

    slug: Slug
    name: str
    state: DistrictState
    base_url: str
    client_key: str
    mail_domain: str | None = None
    contacts: tuple[str, ...] = ()
    time_zone: str = "America/Chicago"
    hour: int = 2
    expires_on: date | None = None
    token_url: str | None = None
    api_prefix: str = "Custom"
    token_fields: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    district_id: int | None = None
    settings: DistrictSettings = field(default_factory=DistrictSettings)
    created_at: datetime | None = None
    message: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self, now: datetime) -> date:
        """The district's local date at an aware moment."""
        return now.astimezone(self.zone).date()
