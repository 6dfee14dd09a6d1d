"""The last step aboard: the first import, activation, and the confirmation mail."""

from __future__ import annotations

from dataclasses import dataclass, replace

from samegoal_sync.district import District
from samegoal_sync.districts.errors import MailError
from samegoal_sync.districts.onboarding.mail_requests import newest_request
from samegoal_sync.districts.onboarding.onboarding_steps import activate
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailer import Postman, build_message, postman_of

_CONFIRMATION = "confirmation"


@dataclass(frozen=True)
class FirstImport:
    """How it went.

    Attributes:
        active: whether the district's nights run now.
        told: for people: what happened and what is next.
        state / counts: of the sync.
    """

    slug: str
    active: bool
    told: str
    state: str
    counts: dict[str, int]


def hold_first_night(registry: Registry, slug: str, who: str) -> None:
    """Have the first night held by its guard, whoever runs it, until somebody approves it."""
    settings = registry.get(slug).settings
    guards = replace(settings.guards, first_night=0.0)
    registry.update(slug, who=who, settings=replace(settings, guards=guards))


def import_and_confirm(registry: Registry, slug: str, who: str) -> FirstImport:
    """Import a connected district; if it went well, let its nights run and tell the district.

    A failed import leaves it *connected*; the command can be run again. A held one lets its
    nights run too (each is held until one is approved), and the confirmation waits for that.

    Raises:
        WrongStep, UnknownDistrict: the district can't become active.
    """
    from samegoal_sync.pipeline.instance import dagster_instance  # slow to import
    from samegoal_sync.pipeline.launching import import_districts

    (outcome,) = import_districts(registry.settings, registry.database_url, [slug])
    if outcome.state == "failed":
        told = (
            f"{slug}: connected, but the first import failed: {outcome.message}\n"
            f"  {outcome.actor} must act: {outcome.hint}"
        )
        return FirstImport(slug, False, told, outcome.state, outcome.counts)
    with dagster_instance(registry.settings, registry.database_url) as instance:
        district = activate(registry, instance, slug, who)
    if outcome.state == "held":
        told = (
            f"{slug}: active; its first night is held, nothing is shown yet. Look at it: "
            f"samegoal-sync held {slug}; then samegoal-sync approve {slug} or discard {slug}"
        )
        return FirstImport(slug, True, told, outcome.state, outcome.counts)
    mailed = confirm(registry, postman_of(registry.settings), district, outcome.counts)
    students = outcome.counts.get("students_sent", 0)
    told = f"{slug}: active; {students:,} students were read ({outcome.state}). {mailed}"
    return FirstImport(slug, True, told, outcome.state, outcome.counts)


def confirm(
    registry: Registry, postman: Postman | None, district: District, counts: dict[str, int]
) -> str:
    """Answer the district's own mail (or write to its contacts); says what became of it.

    A mail server that fails does not undo the activation; it is told and recorded.
    """
    request = newest_request(registry, district.slug)
    to = [request[1]] if request else list(district.contacts)
    if postman is None or not to:
        return "No confirmation was mailed (no mail server, or nobody to write to)."
    message = build_message(
        postman.way.sender,
        to,
        "SameGoal Demographics Integration is complete",
        confirmation(district, counts),
        key=f"confirmation-{district.slug}",
        answers=request[0] if request else None,
    )
    try:
        postman.send(message)
    except MailError as error:
        registry.record(district.slug, "mail_failed", "onboarding", error.what)
        return f"The confirmation could not be mailed: {error.what}."
    registry.record(district.slug, "mail_sent", "onboarding", _CONFIRMATION)
    return "The confirmation was mailed."


def confirm_held(
    registry: Registry, postman: Postman | None, district: District, counts: dict[str, int]
) -> None:
    """Confirm a district whose first night was held and is approved now; once."""
    if district.settings.guards.first_night == 1.0:
        return  # it was not held as the first one
    known = events(registry.database_url, district.slug, limit=1000)
    if not any((one.kind, one.what) == ("mail_sent", _CONFIRMATION) for one in known):
        confirm(registry, postman, district, counts)


def confirmation(district: District, counts: dict[str, int]) -> str:
    """The text of the confirmation: counts, never names."""
    students = counts.get("students_added", 0) + counts.get("students_changed", 0)
    lines = [
        f"The SameGoal Demographics Integration of {district.name} is complete.",
        "",
        f"{students:,} students were imported. From now on students and guardians are imported "
        f"every night at about {district.hour:02}:00 ({district.time_zone}).",
        "",
        "Administrative users find the credentials in SameGoal under Settings > District "
        "Information > STUDENT INFORMATION SYSTEM INTEGRATION > Skyward Qmlativ.",
    ]
    aside = counts.get("students_set_aside", 0)
    if aside:
        lines += ["", f"{aside:,} students were set aside; District Information lists why."]
    if district.expires_on:
        lines += [
            "",
            f"The Integration Access expires on {district.expires_on}. To keep the nights "
            "running, extend or remove its Expiration Date in Skyward before that day.",
        ]
    return "\n".join(lines) + "\n"
