"""Settings > District Information: credentials, onboarding, expiry, nights, choices."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from starlette.responses import Response

from samegoal_sync.demographics.values.languages import english_names
from samegoal_sync.district import STAYS, District, DistrictState
from samegoal_sync.districts.monitoring.running_imports import import_progress
from samegoal_sync.districts.registry.setting_rules import LIMITS
from samegoal_sync.portal.errors import Invalid
from samegoal_sync.portal.identity.accounts import Role
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.client_secret import reveal
from samegoal_sync.portal.records.district_alert import Alert, alert_of
from samegoal_sync.portal.records.import_history import last_nights, waiting_night
from samegoal_sync.portal.records.night_trends import MEASURES, trends_of
from samegoal_sync.portal.visit import Visit
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.last_good_night import GoodNight, last_good_night

#: What is done, in order, and who does what next while it is not.
STEPS = (
    (DistrictState.REQUESTED, "Access created in Skyward", "The district creates the Integration "
     "Access SameGoal Demographics and sends the mail Complete SameGoal Demographics Integration "
     "from its own mail domain."),
    (DistrictState.VERIFIED, "Request verified", "SameGoal's technical team generates the Client "
     "Secret and stores it."),
    (DistrictState.CONNECTED, "Connection tested", "SameGoal's technical team looks at the preview "
     "of the first night and completes the integration."),
    (DistrictState.ACTIVE, "Nightly import on", "Nothing to do: students and guardians are "
     "imported each night."),
)  # fmt: skip


def district_information(visit: Visit) -> Response:
    """The page, with the secret masked."""
    return _page(visit)


def reveal_secret(visit: Visit) -> Response:
    """The page once with the secret shown; that it was is recorded first."""
    with visit.district() as connection:
        visit.record(connection, Action.REVEALED)
    secret = visit.portal.owner.run(reveal, visit.portal.settings, visit.slug, visit.user.login)
    return _page(visit, secret)


def import_state(visit: Visit) -> Response:
    """How far the import is: the part of the page that says so."""
    with visit.portal.database.web() as web:
        running = import_progress(web, visit.slug)
    zone = visit.portal.registry.get(visit.slug).time_zone
    return visit.part("import_state.html", running=running, zone=zone, asked_by_page=True)


def page_with_errors(visit: Visit, invalid: Invalid) -> Response:
    """The page again, with what was typed into one of its forms and what is wrong with it."""
    return _page(visit, invalid=invalid)


def _page(visit: Visit, secret: str | None = None, *, invalid: Invalid | None = None) -> Response:
    registry = visit.portal.registry
    district = registry.get(visit.slug)
    with visit.district() as connection:
        nights = last_nights(connection)
        good = last_good_night(connection, visit.slug)
        buildings = [
            row["building"]
            for row in connection.execute(
                "select building from students "
                "where district = current_setting('samegoal.district', true) "
                "and building is not null group by building order by building"
            ).fetchall()
        ]
    with visit.portal.database.web() as web:
        held = waiting_night(web, visit.slug)
        running = import_progress(web, visit.slug)
    today = district.today(datetime.now(UTC))
    status = visit.district_status()
    alert = alert_of(status, team=visit.user.role == Role.TECHNICAL_TEAM)
    return visit.page(
        "district.html",
        invalid.status if invalid else 200,
        errors=invalid.errors if invalid else {},
        typed=visit.all_fields() if invalid else {},
        typed_buildings=dict(zip(visit.fields("school"), visit.fields("building"), strict=False)),
        zones=_zones(),
        district=district,
        running=running,
        zone=district.time_zone,
        asked_by_page=False,
        secret=secret,
        has_secret=registry.has_secret(visit.slug),
        steps=_steps(district),
        stands=status.word,
        alert=alert,
        next_step=_next_step(district, alert),
        next_page="" if alert is None or alert.page.startswith("district-") else alert.page,
        days_left=(district.expires_on - today).days if district.expires_on else None,
        nights=nights,
        good=good,
        trends=trends_of(nights),
        measures=MEASURES,
        held=held,
        states=sorted({night["state"] for night in nights}),
        unmatched=_unmatched(district, good),
        limits=[
            (name, title, about, getattr(district.settings, name), *LIMITS[name])
            for name, title, about in _LIMITS
        ],
        mappings=_mappings(district, good),
        restrictions_shared=good.findings.restrictions_shared if good else None,
        buildings=buildings,
        today=today,
    )


@cache
def _zones() -> list[str]:
    """The time zones that there are; listing them reads six hundred files' names."""
    return sorted(available_timezones())


def _steps(district: District) -> list[tuple[str, str]]:
    """Each step with ``done``, ``now`` or ``later``."""
    order = [state for state, _, _ in STEPS]
    at = order.index(district.state) if district.state in order else len(order)
    return [
        (title, "done" if place <= at else "now" if place == at + 1 else "later")
        for place, (_, title, _) in enumerate(STEPS)
    ]


def _next_step(district: District, alert: Alert | None) -> str:
    """What is to be done: the onboarding's next step, or what keeps the nights from being good."""
    for state, _, following in STEPS:
        if state is district.state and (alert is None or state is not DistrictState.ACTIVE):
            return following
    return f"{alert.what} {alert.remedy}" if alert else ""


#: The numbers that a district sets, as its page asks for them.
_LIMITS = (
    ("parent_years", "Years between a parent and a child",
     "A guardian who is a student under 18 is shown only to students so many years younger."),
    ("shared_email_limit", "Guardians who make an e-mail nobody's own",
     "So many guardians without a common student have it: it is not published for any of them."),
    ("age_limit", "Oldest student, in years on the first day of the school year",
     "Whoever is older is rejected as a typing error of the birth date."),
)  # fmt: skip
#: What a withdrawal code may mean, in words.
_EXITS = {
    "TRANSFERRED": "Transferred",
    "WITHDREW": "Withdrew",
    "DROPPED_OUT": "Dropped out",
    "GRADUATED": "Graduated",
    "INACTIVE": "Inactive (deceased, for example)",
    STAYS: "Has not left (end of the year)",
}


def _mappings(district: District, good: GoodNight | None) -> list[dict[str, Any]]:
    """The tables in which a district says what its own codes mean."""
    settings = district.settings
    findings = good.findings if good else Findings()
    languages = dict(sorted(english_names().items(), key=lambda item: item[1]))
    tables = (
        ("exit_codes", "Exit codes", "Withdrawal code in Qmlativ", settings.exit_codes,
         findings.exit_codes_not_matched, _EXITS),
        ("languages", "Languages", "Language in Qmlativ", settings.languages,
         findings.languages_not_matched, languages),
    )  # fmt: skip
    return [
        {
            "key": key,
            "title": title,
            "head": head,
            "own": own,
            "counts": counts,
            "choices": choices,
            "names": [*(name for name in counts if name not in own), *own],
        }
        for key, title, head, own, counts, choices in tables
    ]


def _unmatched(district: District, good: GoodNight | None) -> list[str]:
    """Schools as Qmlativ names them that have no building named for them in the settings."""
    found = good.findings.buildings_not_matched if good else []
    return [school for school in found if school not in district.settings.buildings]


def parsed_day(text: str) -> date | None:
    """A day of a form; ``None`` when it is blank.

    Raises:
        ValueError: it is not a day.
    """
    return date.fromisoformat(text) if text else None
