"""A held night in the portal: seen page by page, decided once, with its line in the audit log."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator

import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.portal import owner_jobs
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.portal.pages import held_night_page
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, Person, served
from samegoal_sync_tests.portal.imported_district import Simulated, register

HELD = f"/d/{FAIRVIEW}/held"


@pytest.fixture
def simulated(database_url: str, settings: Settings) -> Simulated:
    """A district of which 240 of 600 students are gone in the night that is held."""
    registry: Registry = register(settings, database_url, FAIRVIEW, "Fairview ISD")
    add_user(
        database_url, "admin", Secret(PASSWORD), name="Ada", role=Role.ADMINISTRATIVE,
        district=FAIRVIEW,
    )  # fmt: skip
    simulated = Simulated(database_url, registry, FAIRVIEW, students=600)
    assert simulated.night().state == "published"
    simulated.day()
    simulated.drop_students(0.4)
    assert simulated.night().state == "held"
    return simulated


@pytest.fixture
def portal(
    simulated: Simulated, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    # Every decision ends within its request, however busy the machine is.
    monkeypatch.setattr(held_night_page, "AT_ONCE_SECONDS", 60)
    with served(create_app(settings, simulated.url)) as address:
        yield address


@pytest.fixture
def admin(browser_of: Callable[[], Person]) -> Person:
    person = browser_of()
    assert person.sign_in("admin").status_code == 303
    return person


def held_id(url: str) -> str:
    with connect(url) as connection:
        row = connection.execute("select sync_id from held_nights").fetchone()
    assert row
    return str(row[0])


def decisions(url: str) -> list[tuple[str, str]]:
    with connect(url) as connection:
        return connection.execute(
            "select action, what from audit_log where action like '%% a held night' "
            "and action not like 'viewed%%'"
        ).fetchall()


def test_approving_publishes_the_night_that_was_seen_and_says_who(
    admin: Person, simulated: Simulated
) -> None:
    seen = held_id(simulated.url)
    assert simulated.missing() == 0
    answer = admin.post(f"{HELD}/approve", night=seen)
    assert answer.headers["location"].endswith("/district-information")
    assert "Approved" in admin.get(answer.headers["location"]).text
    assert simulated.missing() > 200
    assert decisions(simulated.url) == [("approved a held night", f"sync {seen}")]
    assert "No night is held" in admin.get(HELD).text
    assert "is held" not in admin.get(f"/d/{FAIRVIEW}/district-information").text


def test_each_decision_is_asked_for_with_what_it_will_do(
    admin: Person, simulated: Simulated
) -> None:
    page = admin.get(HELD).text
    assert "<button" not in page.split("</header>")[1]  # nothing is decided by one Enter
    approving, discarding = (admin.get(f"{HELD}/{one}").text for one in ("approve", "discard"))
    assert "students marked as no longer in Qmlativ" in approving
    assert "Publish this night" in approving
    assert held_id(simulated.url) in approving
    assert "What is published stays as it is" in discarding
    assert decisions(simulated.url) == []
    assert simulated.missing() == 0


def test_a_damaged_night_can_be_discarded_though_it_can_t_be_shown(
    admin: Person, simulated: Simulated
) -> None:
    seen = held_id(simulated.url)
    with connect(simulated.url) as connection:
        connection.execute("update held_nights set students = 'no zip'")
    page = admin.get(HELD)
    assert page.status_code == 200
    assert "What was kept of it is damaged" in page.text
    assert f"{HELD}/discard" in page.text
    assert seen in admin.get(f"{HELD}/discard").text
    admin.post(f"{HELD}/discard", night=seen)
    assert decisions(simulated.url) == [("discarded a held night", f"sync {seen}")]
    assert "No night is held" in admin.get(HELD).text


def test_another_night_that_was_held_meanwhile_is_not_decided(
    admin: Person, simulated: Simulated
) -> None:
    seen = held_id(simulated.url)
    simulated.day()
    simulated.drop_students(0)
    assert simulated.night().state == "held"
    for decision in ("approve", "discard"):
        answer = admin.post(f"{HELD}/{decision}", night=seen)
        assert answer.status_code == 409
        assert "no longer the one that is held" in answer.text
    assert held_id(simulated.url) != seen
    assert simulated.missing() == 0
    assert decisions(simulated.url) == []


def test_a_decision_whose_audit_line_can_not_be_written_is_none(
    admin: Person, simulated: Simulated
) -> None:
    with connect(simulated.url) as connection:
        connection.execute(
            "create function refuse() returns trigger language plpgsql as "
            "'begin raise exception ''full''; end'"
        )
        connection.execute(
            "create trigger refuse before insert on audit_log for each row "
            "when (new.action like 'approved%') execute function refuse()"
        )
    seen = held_id(simulated.url)
    assert admin.post(f"{HELD}/approve", night=seen).status_code in (409, 500)
    assert held_id(simulated.url) == seen
    assert simulated.missing() == 0


def test_what_nobody_foresaw_is_logged_also_when_nobody_waits_for_the_decision(
    admin: Person,
    simulated: Simulated,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = held_id(simulated.url)
    with connect(simulated.url) as connection:
        connection.execute('update held_nights set reasons = \'[{"guard": "Zimmer, Ann"}]\'')
    monkeypatch.setattr(held_night_page, "AT_ONCE_SECONDS", 0)
    with connect(simulated.url) as importing:  # so that the decision has to wait
        importing.execute("select pg_advisory_xact_lock(5407, hashtext(%s))", (FAIRVIEW,))
        answer = admin.post(f"{HELD}/approve", night=seen)
        assert answer.headers["location"] == HELD
    until, lines = time.monotonic() + 30, []
    while not lines:
        assert time.monotonic() < until
        time.sleep(0.05)
        lines = [one for one in caplog.records if one.name == owner_jobs.__name__]
    assert "tell SameGoal the time" in admin.get(f"{HELD}/decision").text
    (line,) = lines
    assert line.levelname == "ERROR"
    assert "TypeError" in line.getMessage()
    assert "Zimmer" not in caplog.text


def test_the_held_night_is_shown_page_by_page(admin: Person, simulated: Simulated) -> None:
    first, second = admin.get(HELD).text, admin.get(f"{HELD}?page=2").text
    pages = int(re.findall(r"page 1 of (\d+)", first)[0])
    assert pages >= 5
    assert f"page 2 of {pages}" in second
    assert first.count('scope="rowgroup"') == 50
    assert f"page {pages} of {pages}" in admin.get(f"{HELD}?page=99").text
    assert f"page 1 of {pages}" in admin.get(f"{HELD}?page=x").text


def test_the_students_of_one_guard_are_listed_by_name(admin: Person, simulated: Simulated) -> None:
    chip = re.search(
        r"Gone from Qmlativ <strong>(\d+)</strong>\s*<span[^>]*>Beyond", admin.get(HELD).text
    )
    assert chip
    gone = int(chip[1])
    listed: list[str] = []
    for page in range(1, gone // 50 + 2):
        text = admin.get(f"{HELD}?only=students_lost&page={page}").text
        listed += re.findall(r'<a href="/d/[^"]+">([^<]+)</a> <span class="quiet">', text)
        assert "To be withheld" not in text
        assert "Guardian " not in text.split("<tbody>", 1)[1]
    assert len(listed) == gone
    seen = held_id(simulated.url)
    admin.post(f"{HELD}/approve", night=seen)
    with connect(simulated.url) as connection:
        names = connection.execute(
            "select last_name || ', ' || first_name from students where missing_since is not null"
        ).fetchall()
    assert sorted(listed) == sorted(
        html.escape(name, quote=True).replace("&#x27;", "&#39;") for (name,) in names
    )


def test_guardians_of_a_held_night_are_named(admin: Person, simulated: Simulated) -> None:
    with connect(simulated.url) as connection:
        names = {
            f"Guardian {first} {last}"
            for first, last in connection.execute("select first_name, last_name from guardians")
        }
    text = "".join(admin.get(f"{HELD}?page={page}").text for page in range(1, 8))
    rows = re.findall(r'<th scope="row">(Guardian [^<]+)</th>', text)
    assert rows
    assert {html.unescape(row) for row in rows} & names
    assert not any(re.fullmatch(r"Guardian \d+", row) for row in rows)
    assert admin.get(f"{HELD}?only=nothing").status_code == 200


def test_a_held_night_says_whom_it_removed_all_the_same(
    admin: Person, simulated: Simulated
) -> None:
    with connect(simulated.url) as connection:
        connection.execute(
            "update syncs set findings = findings || "
            """'{"restrictions_applied": 1}' where state = 'held'"""
        )
    assert "1 guardian who may not see the student was removed all the same" in admin.get(HELD).text
    problems = admin.get(f"/d/{FAIRVIEW}/problems").text
    assert "except that guardians who may not see the student are removed" in problems


def test_a_held_night_is_reported_although_a_later_one_failed(
    admin: Person, simulated: Simulated
) -> None:
    with connect(simulated.url) as connection:
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, message, hint, actor) "
            "values (%s, 'run-x', current_date, 'failed', now(), 'no answer', 'wait', 'Skyward')",
            (FAIRVIEW,),
        )
    assert "is held" in admin.get(f"/d/{FAIRVIEW}/district-information").text
    page = admin.get(f"/d/{FAIRVIEW}/problems").text
    assert "approve or discard it" in page
    assert "No answer" in page
