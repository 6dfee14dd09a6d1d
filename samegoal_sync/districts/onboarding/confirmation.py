"""The confirmation that a district's integration is complete: once, to whoever asked for it."""

from __future__ import annotations

from datetime import UTC, datetime

from samegoal_sync.database import connect
from samegoal_sync.district import District
from samegoal_sync.districts.onboarding.mail_requests import newest_request
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailer import Mailer
from samegoal_sync.mail.outbox import Letter, deliver, post


def confirm(
    registry: Registry, mailer: Mailer | None, district: District, counts: dict[str, int]
) -> str:
    """Answer the district's own mail (or write to its contacts) and send it now, if it can be;
    says what became of it.

    A mail server that fails does not undo the activation: the letter waits in the outbox.
    """
    now = datetime.now(UTC)
    if not write_confirmation(registry, district, counts, now):
        return "No confirmation was written: nobody to write to, or it was written before."
    if mailer is None:
        return "The confirmation waits: no mail server is set."
    delivery = deliver(registry.database_url, mailer, now)
    if delivery.down or delivery.refused:
        return "The confirmation could not be mailed yet; it is tried again by itself."
    return "The confirmation was mailed."


def write_confirmation(
    registry: Registry, district: District, counts: dict[str, int], now: datetime
) -> int:
    """Write the confirmation into the outbox, once; to how many addresses."""
    request = newest_request(registry, district.slug)
    to = [request[1]] if request else list(district.contacts)
    letter = Letter(
        key=f"confirmation-{district.slug}",
        subject="SameGoal Demographics Integration is complete",
        body=confirmation(district, counts),
        district=district.slug,
        answers=request[0] if request else None,
    )
    with connect(registry.database_url) as connection:
        return post(connection, letter, to, now)


def confirm_held(
    registry: Registry, district: District, counts: dict[str, int], now: datetime
) -> None:
    """Confirm a district whose first night was held and is approved now; once."""
    if district.settings.guards.first_night != 1.0:  # else it was not held as the first one
        write_confirmation(registry, district, counts, now)


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
