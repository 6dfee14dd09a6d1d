"""What follows from each night, and a year of them on a clock of our own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DateRange, DistrictState
from samegoal_sync.districts.monitoring.digest import write_digest
from samegoal_sync.districts.monitoring.due_nights import due_at
from samegoal_sync.districts.monitoring.expiry import warn_of_expiry
from samegoal_sync.districts.monitoring.pause_reminders import remind_of_pauses
from samegoal_sync.districts.monitoring.post_run import process_ended_runs
from samegoal_sync.districts.onboarding.mail_requests import newest_request
from samegoal_sync.districts.onboarding.onboarding_steps import hold_first_night
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailer import Mailer, outgoing
from samegoal_sync.mail.outbox import MOST_SENT, deliver
from samegoal_sync_tests.districts.sync_rows import ask, begin, write_night
from samegoal_sync_tests.mail.mail_servers import Smtp, make_certificate, running_smtp

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
HELD = {"students_sent": 1000, "students_held": 1000}


@pytest.fixture
def smtp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Smtp]:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_smtp(certificate, key) as running:
        yield running


@pytest.fixture
def mailer(smtp: Smtp) -> Mailer:
    return Mailer(outgoing(smtp.url()))


@pytest.fixture
def active(registry: Registry, fairview: str) -> str:
    registry.set_state(fairview, DistrictState.ACTIVE, "test")
    return fairview


def _settle(registry: Registry, mailer: Mailer | None, now: datetime = NOW) -> list[str]:
    done = process_ended_runs(registry, now)
    if mailer:
        deliver(registry.database_url, mailer, now)
    return done


def test_a_held_night_is_reported_once_by_counts(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    write_night(registry.database_url, active, NOW, "held", counts=HELD, message="students_lost")
    assert _settle(registry, mailer) == [f"{active}: mail held"]
    assert _settle(registry, mailer) == []
    (mail,) = smtp.messages
    assert mail["To"] == "office@fairview.example"
    assert mail["Subject"] == "Fairview ISD: the import is held and waits for you"
    assert "Students held: 1,000" in mail.get_content()


@pytest.mark.parametrize(
    ("removed", "said"),
    [(0, "What SameGoal showed before is unchanged."), (1, "only guardians who may not see")],
)
def test_a_held_nights_mail_says_whether_a_guardian_was_removed_all_the_same(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer, removed: int, said: str
) -> None:
    findings = {"restrictions_applied": removed}
    write_night(registry.database_url, active, NOW, "held", counts=HELD, findings=findings)
    _settle(registry, mailer)
    (mail,) = smtp.messages
    assert said in mail.get_content()


def test_what_a_district_does_not_want_is_not_sent(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    settings = dataclasses.replace(registry.get(active).settings, notify=frozenset({"failed"}))
    registry.update(active, who="test", settings=settings)
    write_night(registry.database_url, active, NOW, "held", counts=HELD)
    write_night(registry.database_url, active, NOW, "published", counts=HELD)
    _settle(registry, mailer)
    assert smtp.messages == []


@pytest.mark.parametrize(
    ("error", "state"),
    [("AccessExpired", DistrictState.EXPIRED), ("AccessRefused", DistrictState.FAILING)],
)
def test_a_permanent_fault_moves_the_district_and_a_good_night_moves_it_back(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer, error: str, state: str
) -> None:
    write_night(
        registry.database_url, active, NOW, "failed", message="refused",
        actor="district", findings={"transient": False, "error": error},
    )  # fmt: skip
    _settle(registry, mailer)
    assert registry.get(active).state == state
    assert "What to do (district): do this" in smtp.messages[0].get_content()
    write_night(registry.database_url, active, NOW, "unchanged")
    _settle(registry, mailer)
    assert registry.get(active).state is DistrictState.ACTIVE


def test_a_fault_that_may_pass_is_reported_only_when_no_attempt_is_left(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    url, district = registry.database_url, registry.get(active)
    now = due_at(district, NOW.date())
    attempts = 0
    for _ in range(40):
        for request in ask(url, [district], now):
            attempts = request.attempt
            assert smtp.messages == []
            assert registry.get(active).state is DistrictState.ACTIVE
            run_id = begin(url, request)
            write_night(
                url, active, now, "failed", night=request.night, message="busy", run_id=run_id,
                findings={"transient": True, "error": "ServerBusy"},
            )  # fmt: skip
        _settle(registry, mailer, now)
        now += timedelta(minutes=5)
    assert attempts == 4
    assert registry.get(active).state is DistrictState.FAILING
    assert len(smtp.messages) == 1


def test_a_mail_server_that_is_down_loses_nothing(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    smtp.refuse = True
    write_night(
        registry.database_url, active, NOW, "failed", message="refused", findings={"error": "X"}
    )
    _settle(registry, mailer)
    assert registry.get(active).state is DistrictState.FAILING
    smtp.refuse = False
    _settle(registry, mailer, NOW + timedelta(hours=1))
    assert len(smtp.messages) == 1


def test_a_mistyped_contact_keeps_no_renewed_district_expired(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    """The incident: the mail of an old failure could not be sent, so that its row was settled
    again and again, and each time it moved the district back to *expired*."""
    smtp.refused_addresses.add("office@fairview.example")
    expired = {"transient": False, "error": "AccessExpired"}
    write_night(registry.database_url, active, NOW, "failed", message="x", findings=expired)
    _settle(registry, mailer)
    assert registry.get(active).state is DistrictState.EXPIRED
    registry.set_state(active, DistrictState.ACTIVE, "expiry", "works again")
    for hours in range(1, 80, 3):
        _settle(registry, mailer, NOW + timedelta(hours=hours))
        assert registry.get(active).state is DistrictState.ACTIVE
    assert smtp.messages == []


def test_only_the_newest_night_moves_a_district(
    registry: Registry, active: str, mailer: Mailer
) -> None:
    refused = {"transient": False, "error": "AccessRefused"}
    write_night(registry.database_url, active, NOW, "failed", message="x", findings=refused)
    write_night(registry.database_url, active, NOW, "published", counts={"students_sent": 5})
    done = _settle(registry, mailer)  # both at once, after an outage
    assert registry.get(active).state is DistrictState.ACTIVE
    assert f"{active}: failing" not in done


def test_a_held_first_night_is_confirmed_once_when_it_is_approved(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    hold_first_night(registry, active, "ann")
    write_night(registry.database_url, active, NOW, "held", counts=HELD)
    _settle(registry, mailer)
    assert [mail["Subject"] for mail in smtp.messages] == [
        "Fairview ISD: the import is held and waits for you"
    ]
    for run in ("approve-1", "approve-2"):
        with connect(registry.database_url) as connection:
            connection.execute(
                "insert into syncs (district, run_id, night, state, kind, started_at, "
                "finished_at, counts) values (%s, %s, %s, 'published', 'approved', %s, %s, "
                "'{\"students_added\": 7}')",
                (active, run, NOW.date(), NOW, NOW),
            )
        _settle(registry, mailer)
        deliver(registry.database_url, mailer, NOW)
    confirmations = [m for m in smtp.messages if "is complete" in m["Subject"]]
    assert len(confirmations) == 1
    assert "7 students were imported" in confirmations[0].get_content()


def test_a_thousand_forged_mails_push_nothing_out_of_sight(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    registry.record(active, "mail_received", "a@fairview.example", "<1@x> from a@fairview.example")
    with connect(registry.database_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into district_events (district, kind, who) values (%s, 'mail_flagged', 'x')",
            [(active,)] * 1_001,
        )
    found = newest_request(registry, active)
    assert found is not None
    assert found[1] == "a@fairview.example"
    registry.update(active, who="test", expires_on=NOW.date() + timedelta(days=5))
    assert warn_of_expiry(registry, (), NOW) == [active]
    assert warn_of_expiry(registry, (), NOW) == []


def test_a_bad_night_of_many_districts_is_reported_over_several_calls(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    for _ in range(MOST_SENT + 5):
        write_night(registry.database_url, active, NOW, "held", counts=HELD)
    _settle(registry, mailer)
    assert len(smtp.messages) == MOST_SENT
    _settle(registry, mailer)
    _settle(registry, mailer)
    assert len({mail["Message-ID"] for mail in smtp.messages}) == MOST_SENT + 5
    assert len(smtp.messages) == MOST_SENT + 5


def test_expiry_is_reported_at_each_mark_once_and_after_a_downtime_only_the_gravest(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    ends = date(2027, 3, 1)
    registry.update(active, who="test", expires_on=ends)
    sent_at: list[int] = []
    for days in range(60, -3, -1):
        if 20 >= days >= 12:
            continue  # nobody was up
        now = datetime(2027, 3, 1, 12, tzinfo=UTC) - timedelta(days=days)
        sent_at += [days for _ in range(2) if warn_of_expiry(registry, mailer.way.team, now)]
        deliver(registry.database_url, mailer, now)
    assert sent_at == [30, 11, 7, 1]
    assert "ends in 30 days" in smtp.messages[0]["Subject"]
    registry.update(active, who="test", expires_on=ends + timedelta(days=365))
    assert warn_of_expiry(registry, (), datetime(2027, 3, 1, 12, tzinfo=UTC)) == []


def test_a_pause_is_reported_the_day_before_and_the_day_after(
    registry: Registry, active: str, smtp: Smtp, mailer: Mailer
) -> None:
    paused = DateRange(date(2027, 7, 1), date(2027, 7, 31))
    settings = dataclasses.replace(registry.get(active).settings, paused=paused)
    registry.update(active, who="test", settings=settings)
    done = []
    for day in range(45):
        now = datetime(2027, 6, 25, 18, tzinfo=UTC) + timedelta(days=day)
        done += [now.date() for _ in range(2) if remind_of_pauses(registry, now)]
        deliver(registry.database_url, mailer, now)
    assert done == [date(2027, 6, 30), date(2027, 8, 1)]
    assert "begins tomorrow, 2027-07-01" in smtp.messages[0]["Subject"]


@pytest.mark.slow
def test_a_year_of_nights(registry: Registry, active: str, smtp: Smtp, mailer: Mailer) -> None:
    """Expiry and renewal, three bad nights, a held one: each seen, told and left behind."""
    url, start = registry.database_url, date(2026, 8, 1)
    registry.update(active, who="test", expires_on=date(2027, 3, 1))
    states: list[tuple[date, str]] = []
    extended = False
    nights = 0
    district, asked = registry.get(active), registry.active()
    for day in range(365):
        night = start + timedelta(days=day)
        now = due_at(district, night)
        if night == date(2027, 3, 6):  # extended in Skyward, found by the probe
            extended = True
            registry.update(active, who="test", expires_on=date(2028, 3, 1))
            district = registry.set_state(active, DistrictState.ACTIVE, "expiry", "works again")
            asked = registry.active()
        for _ in range(60):
            now += timedelta(minutes=5)
            due = ask(url, asked, now)
            if not due:
                break
            nights += 1
            run_id = begin(url, due[0])
            write_night(
                url, active, now, night=due[0].night, run_id=run_id,
                **_outcome(night, due[0].attempt, extended),
            )  # fmt: skip
        if _settle(registry, mailer, now):
            district, asked = registry.get(active), registry.active()
        warn_of_expiry(registry, (), now + timedelta(hours=8))
        deliver(url, mailer, now + timedelta(hours=8))
        if not states or states[-1][1] != district.state.value:
            states.append((night, district.state.value))
    assert states == [
        (date(2026, 8, 1), "active"),
        (date(2026, 11, 3), "failing"),
        (date(2026, 11, 4), "active"),
        (date(2027, 3, 2), "expired"),
        (date(2027, 3, 6), "active"),
    ]
    assert nights == 365 - 3  # three nights asleep while expired
    subjects = [mail["Subject"].partition(": ")[2] for mail in smtp.messages]
    assert subjects == [
        "the import is held and waits for you",
        "the import failed",
        *[f"access to Skyward Qmlativ ends in {days} days" for days in (30, 14, 7)],
        "access to Skyward Qmlativ ends tomorrow",
        "the import failed",
    ]
    assert write_digest(url, mailer.way.team, now) == 0
    assert [e.kind for e in events(url, active, 1000)].count("expiry_warning") == 4
    with connect(url) as connection:
        row = connection.execute("select count(*) from settled_syncs").fetchone()
    assert row == (nights,)


def _outcome(night: date, attempt: int, extended: bool) -> dict[str, object]:
    if night == date(2026, 10, 1):
        return {"state": "held", "counts": HELD, "message": "students_lost"}
    if night == date(2026, 11, 3):
        return {"state": "failed", "message": "x", "findings": {"error": "AccessRefused"}}
    if night > date(2027, 3, 1) and not extended:
        return {"state": "failed", "message": "x", "findings": {"error": "AccessExpired"}}
    if night.day == 13 and attempt == 1:
        return {"state": "unchanged"}
    return {"state": "published", "counts": {"students_sent": 1000 + night.day}}
