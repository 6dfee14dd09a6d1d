"""Onboarding a district, step by step, and back from where it can get stuck.

    requested -> verified -> connected -> active -> suspended | expired | failing -> active

Each step is a state with its time, who and what. Nothing is stored that was not tried first:
a secret only after a real read with it succeeded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from samegoal_sync.district import District, DistrictSettings, DistrictState
from samegoal_sync.districts.errors import WrongStep
from samegoal_sync.districts.onboarding.not_shared import NotShared, not_shared
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import Actor
from samegoal_sync.qmlativ.errors import AccessRefused
from samegoal_sync.qmlativ.http.limits import VERIFICATION, Limits
from samegoal_sync.secret import Secret

if TYPE_CHECKING:
    from samegoal_sync.qmlativ.http.connection import Connection

#: What only SameGoal's people can see before there is a secret.
RECORD_CHECKLIST = """\
SameGoal technical team: on Skyward's vendor side, look at the
district's Integration Access record. It must show:
  - Product: SameGoal Demographics
  - Is Active: ticked
  - Authentication Type: OAuth 2.0 or Any
  - Effective Date: not in the future
  - Custom API: the district entity and the schools ticked
Then generate the secret there, and give it to this command:
  samegoal-sync districts complete"""

_STUCK = (DistrictState.EXPIRED, DistrictState.FAILING)


@dataclass(frozen=True)
class Verification:
    """What the district's Qmlativ answered.

    Attributes:
        read: whether a real read succeeded (else the server answers, but there is no secret yet).
        district_name / entities: as Qmlativ names them; empty before there is a secret.
        not_shared: objects and fields of the catalog that can't be read, the gravest first.
        next_step: what to do now, and who.
    """

    district: District
    read: bool
    next_step: str
    district_name: str | None = None
    entities: tuple[str, ...] = ()
    not_shared: tuple[NotShared, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether something lacks without which no district can be read."""
        return any(one.stops for one in self.not_shared)


def verify(registry: Registry, slug: str, who: str, limits: Limits = VERIFICATION) -> Verification:
    """Try what can be tried, and move a *requested* district to *verified*.

    With a stored secret rows of every object are read, and a district that is *expired* or
    *failing* becomes *active* again, unless something essential is not shared. Without one the
    API can only tell that a Qmlativ answers there.

    Raises:
        QmlativError: with who must do what: address, access, dates, entities, objects.
    """
    district = registry.get(slug)
    if not registry.has_secret(slug):
        return _verify_address(registry, district, who)
    found = _read(registry.connection(slug), limits)
    if found.stopped:
        return Verification(district, True, _approval(slug), *found)
    if district.state in _STUCK:
        district = registry.set_state(slug, DistrictState.ACTIVE, who, "Qmlativ can be read again")
    elif district.state in (DistrictState.REQUESTED, DistrictState.VERIFIED):
        district = registry.set_state(slug, DistrictState.CONNECTED, who, _listed(found))
    step = "nothing: its nights run"
    if district.state is not DistrictState.ACTIVE:
        step = f"SameGoal technical team: samegoal-sync districts complete {slug}"
    return Verification(district, True, step, *found)


def _approval(slug: str) -> str:
    return f"{Actor.SKYWARD}: approve what is essential; then samegoal-sync districts verify {slug}"


def _verify_address(registry: Registry, district: District, who: str) -> Verification:
    """A login without a secret must be refused; by whom tells whether a Qmlativ is there."""
    from samegoal_sync.qmlativ.client import QmlativClient  # slow to import

    connection = registry.connection_with(district, Secret("none-yet"))
    try:
        with QmlativClient(connection, limits=VERIFICATION) as client:
            client.system_metadata()
    except AccessRefused:
        pass
    if district.state is DistrictState.REQUESTED:
        district = registry.set_state(
            district.slug, DistrictState.VERIFIED, who, "waiting for the secret"
        )
    step = f"{RECORD_CHECKLIST} {district.slug}"
    return Verification(district, False, step)


class _Found(NamedTuple):
    """What a real read told: the district's name, its entities, and what is not shared."""

    name: str
    entities: tuple[str, ...]
    not_shared: tuple[NotShared, ...]

    @property
    def stopped(self) -> bool:
        return any(one.stops for one in self.not_shared)


def _read(connection: Connection, limits: Limits = VERIFICATION) -> _Found:
    from samegoal_sync.qmlativ.client import QmlativClient  # slow to import

    with QmlativClient(connection, limits=limits) as client:
        metadata = client.system_metadata()
        grants = client.grants()
    entities = tuple(entity.name for entity in metadata.entities)
    return _Found(metadata.district_name, entities, not_shared(grants))


def _listed(found: _Found) -> str:
    summary = f"{found.name}: {len(found.entities)} entities read"
    lacking = "; ".join(str(one) for one in found.not_shared)
    return summary + (f"; not shared: {lacking}" if lacking else "")


def complete(
    registry: Registry, slug: str, secret: Secret, who: str, expires_on: date | None = None
) -> Verification:
    """Try the secret by a real read, store it, and move the district to *connected*.

    A secret that holds is stored also when something essential is not shared (it is shown only
    once, and would be lost); the district then stays where it stands.

    An *active* district keeps its state and an *expired* or *failing* one becomes active: this is
    also how a secret is replaced.

    Raises:
        QmlativError: the read failed; nothing was stored.
    """
    district = registry.get(slug)
    found = _read(registry.connection_with(district, secret))
    registry.store_secret(slug, secret, who)
    if expires_on is not None:
        registry.update(slug, who=who, expires_on=expires_on)
    district = registry.get(slug)
    if found.stopped:
        return Verification(district, True, _approval(slug), *found)
    if district.state in _STUCK:
        district = registry.set_state(slug, DistrictState.ACTIVE, who, "a new secret is stored")
    elif district.state not in (DistrictState.ACTIVE, DistrictState.SUSPENDED):
        district = registry.set_state(slug, DistrictState.CONNECTED, who, _listed(found))
    return Verification(district, True, _after_the_secret(district), *found)


def _after_the_secret(district: District) -> str:
    if district.state is DistrictState.ACTIVE:
        return "nothing: its nights run with the new secret"
    if district.state is DistrictState.SUSPENDED:
        return f"its nights rest; to end that: samegoal-sync districts resume {district.slug}"
    return f"first import: samegoal-sync sync {district.slug}"


def hold_first_night(registry: Registry, slug: str, who: str) -> None:
    """Have the first night held by its guard, whoever runs it, until somebody approves it."""

    def held(settings: DistrictSettings) -> DistrictSettings:
        return replace(settings, guards=replace(settings.guards, first_night=0.0))

    registry.change_settings(slug, held, who=who)


def activate(registry: Registry, slug: str, who: str) -> District:
    """Let a connected district's nights run.

    Raises:
        WrongStep: the district has no secret yet, or is suspended.
    """
    district = registry.get(slug)
    if not registry.has_secret(slug):
        raise WrongStep(
            f"{slug} has no secret yet, so it can't become active",
            hint=f"samegoal-sync districts complete {slug}",
        )
    if district.state is DistrictState.SUSPENDED:
        raise WrongStep(f"{slug} is suspended", hint=f"samegoal-sync districts resume {slug}")
    if district.state is DistrictState.ACTIVE:
        return district
    return registry.set_state(slug, DistrictState.ACTIVE, who)


def suspend(registry: Registry, slug: str, who: str, reason: str) -> District:
    """Stop a district's nights; what is published stays.

    Raises:
        WrongStep: it is suspended already.
    """
    if registry.get(slug).state is DistrictState.SUSPENDED:
        raise WrongStep(f"{slug} is suspended already", hint=f"samegoal-sync districts show {slug}")
    return registry.set_state(slug, DistrictState.SUSPENDED, who, reason)


def resume(registry: Registry, slug: str, who: str) -> District:
    """Take a suspended district back to where it had come.

    Raises:
        WrongStep: it is not suspended.
    """
    district = registry.get(slug)
    if district.state is not DistrictState.SUSPENDED:
        raise WrongStep(
            f"{slug} is {district.state}, not suspended",
            hint=f"samegoal-sync districts show {slug}",
        )
    return registry.set_state(slug, _state_before(registry, slug), who, "resumed")


def _state_before(registry: Registry, slug: str) -> DistrictState:
    kinds = {event.kind for event in events(registry.database_url, slug, limit=10_000)}
    if DistrictState.ACTIVE in kinds and registry.has_secret(slug):
        return DistrictState.ACTIVE
    if registry.has_secret(slug):
        return DistrictState.CONNECTED
    return DistrictState.VERIFIED if DistrictState.VERIFIED in kinds else DistrictState.REQUESTED
