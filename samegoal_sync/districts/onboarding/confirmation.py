"""The confirmation that a district's integration is complete: once, to whoever asked for it."""

from __future__ import annotations

from samegoal_sync.district import District
from samegoal_sync.districts.onboarding.mail_requests import newest_request
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.errors import MailError
from samegoal_sync.mail.mailer import Mailer, build_message

_CONFIRMATION = "confirmation"


def confirm(
    registry: Registry, mailer: Mailer | None, district: District, counts: dict[str, int]
) -> str:
    """Answer the district's own mail (or write to its contacts); says what became of it.

    A mail server that fails does not undo the activation; it is told and recorded.
    """
    request = newest_request(registry, district.slug)
    to = [request[1]] if request else list(district.contacts)
    if mailer is None or not to:
        return "No confirmation was mailed (no mail server, or nobody to write to)."
    message = build_message(
        mailer.way.sender,
        to,
        "SameGoal Demographics Integration is complete",
        confirmation(district, counts),
        key=f"confirmation-{district.slug}",
        answers=request[0] if request else None,
    )
    try:
        mailer.send(message)
    except MailError as error:
        registry.record(district.slug, "mail_failed", "onboarding", error.what)
        return f"The confirmation could not be mailed: {error.what}."
    registry.record(district.slug, "mail_sent", "onboarding", _CONFIRMATION)
    return "The confirmation was mailed."


def confirm_held(
    registry: Registry, mailer: Mailer | None, district: District, counts: dict[str, int]
) -> None:
    """Confirm a district whose first night was held and is approved now; once."""
    if district.settings.guards.first_night == 1.0:
        return  # it was not held as the first one
    known = events(registry.database_url, district.slug, limit=1000)
    if not any((one.kind, one.what) == ("mail_sent", _CONFIRMATION) for one in known):
        confirm(registry, mailer, district, counts)


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
    aside = counts.get("students_rejected", 0)
    if aside:
        lines += ["", f"{aside:,} students were rejected; District Information lists why."]
    if district.expires_on:
        lines += [
            "",
            f"The Integration Access expires on {district.expires_on}. To keep the nights "
            "running, extend or remove its Expiration Date in Skyward before that day.",
        ]
    return "\n".join(lines) + "\n"
