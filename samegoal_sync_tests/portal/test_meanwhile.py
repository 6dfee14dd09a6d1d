"""What somebody else, or a night, does while a form is being saved: nothing of it is undone, and
*Saved* is said of what was saved alone.

The other one's transaction is open when the form arrives, and is committed once the form waits.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, Person, token_of
from samegoal_sync_tests.portal.test_add_student import ADDRESS, CHILD
from samegoal_sync_tests.portal.test_edit_by_hand import MOTHER

ADMIN, TEACHER = "administrative@fairview.example", "teacher@fairview.example"
_MOST_SECONDS = 30
#: A night in which the Student Id of María is given to Sam.
SWAP = (
    "update students set student_id = 'x' where student_id = '1001'; "
    "update students set student_id = '1001' where student_id = '1002'"
)
Address = Callable[..., str]
SignIn = Callable[[str], Person]


def execute(url: str, statement: str) -> list[Any]:
    with connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def post_after(
    url: str, first: str, person: Person, path: str, *, second: str = "", **fields: str
) -> requests.Response:
    """Post a form while a transaction that has executed ``first`` is open.

    Args:
        second: a statement of that transaction, executed when the form waits.
    """
    fields["csrf"] = person.token()
    with connect(url) as other, ThreadPoolExecutor(1) as pool:
        other.execute(first.encode())
        job = pool.submit(person.send, path, fields)
        try:
            until = time.monotonic() + _MOST_SECONDS
            while not job.done() and not _waiting(url) and time.monotonic() < until:
                time.sleep(0.02)
            if second:
                other.execute(second.encode())
        finally:
            other.commit()
        return job.result(_MOST_SECONDS)


def _waiting(url: str) -> int:
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and "
    return int(execute(url, f"{waiting} wait_event_type = 'Lock'")[0][0])


@pytest.fixture
def admin(sign_in: SignIn) -> Person:
    return sign_in(ADMIN)


@pytest.fixture
def child(admin: Person) -> str:
    """The address of a student entered by hand, who has a mother."""
    address = admin.post(ADDRESS, **CHILD).headers["location"].removesuffix("/edit")
    assert admin.post(f"{address}/guardians", **MOTHER).status_code == 303
    return str(address)


@pytest.mark.parametrize(
    ("column", "fields", "expected"),
    [
        ("historical_idle = true", {"pronouns": "they"}, (True, "they")),
        ("pronouns = 'ze'", {"part": "basics", "historical_idle": "yes"}, (True, "ze")),
    ],
)
def test_the_form_of_one_tab_does_not_undo_that_of_the_other(
    admin: Person,
    student_address: Address,
    districts: str,
    column: str,
    fields: dict[str, str],
    expected: tuple[bool, str],
) -> None:
    address = f"{student_address(FAIRVIEW)}/by-hand"
    assert admin.post(address, preferred_gender="Female").status_code == 303
    other = f"update entered_by_hand set {column}"
    assert post_after(districts, other, admin, address, **fields).status_code == 303
    assert execute(districts, "select historical_idle, pronouns from entered_by_hand") == [expected]


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("edit", {**CHILD, "last_name": "Ribera"}),
        ("guardians", {**MOTHER, "first_name": "Ana"}),
        ("guardians", {**MOTHER, "guardian": "-1", "first_name": "Ana"}),
        ("guardians/remove", {"guardian": "-1"}),
        ("delete", {}),
    ],
)
def test_a_student_whom_a_night_takes_over_is_not_said_to_be_saved(
    admin: Person, child: str, districts: str, page: str, fields: dict[str, str]
) -> None:
    query = "select count(*) from audit_log where action like '%entered by hand'"
    lines = execute(districts, query)
    night = "update students set origin = 'sis', last_name = 'Of Qmlativ' where origin = 'hand'"
    answer = post_after(districts, night, admin, f"{child}/{page}", **fields)
    assert answer.status_code == 404
    assert "Nothing was changed" in answer.text
    assert execute(districts, query) == lines
    assert execute(
        districts,
        "select s.last_name, g.first_name from students s join guardians g "
        "using (district, student_id) where g.guardian_id < 0",
    ) == [("Of Qmlativ", "Lía")]


def test_a_guardian_who_is_sent_twice_at_once_is_entered_once(
    admin: Person, child: str, districts: str
) -> None:
    lock = "select from students where origin = 'hand' for update"
    same = (
        "insert into guardians (district, student_id, guardian_id, priority, last_name, first_name)"
        f" values ('{FAIRVIEW}', '{CHILD['student_id']}', -2, 2, 'Rivera', 'Ana')"
    )
    typed = {"guardian": "new", "last_name": "Rivera", "first_name": "Ana"}
    answer = post_after(districts, f"{lock}; {same}", admin, f"{child}/guardians", **typed)
    assert answer.status_code == 303
    number = "select count(*) from guardians where guardian_id < 0"
    assert execute(districts, number) == [(2,)]
    other = {**typed, "first_name": "Eva"}
    third = same.replace("-2, 2", "-3, 3").replace("Ana", "Ida")
    answer = post_after(districts, f"{lock}; {third}", admin, f"{child}/guardians", **other)
    assert answer.status_code == 303
    assert execute(districts, number) == [(4,)]


def test_a_merge_waits_for_who_edits_the_record_and_they_for_nobody(
    admin: Person, child: str, districts: str
) -> None:
    sent = (
        "insert into students (district, student_id, last_name, first_name, date_of_birth, "
        "district_enrollment, sis_internal_id) values "
        f"('{FAIRVIEW}', '20077', 'Rivera', 'Zoe', '2022-03-04', 'ENROLLED', 9977) "
        "returning portal_id"
    )
    survivor = str(execute(districts, sent)[0][0])
    answer = post_after(
        districts,
        "select from students where origin = 'hand' for update",
        admin,
        f"/d/{FAIRVIEW}/same-student/merge",
        second="update guardians set email = null where guardian_id = -1",
        confirmed="yes",
        other=child.split("/")[-1],
        survivor=survivor,
    )
    assert answer.status_code == 303
    assert execute(districts, "select count(*) from guardians where guardian_id < 0") == [(0,)]


def test_a_districts_settings_of_another_form_stay(admin: Person, districts: str) -> None:
    other = """update districts set settings = '{"age_limit": 24, "exit_codes": {"W1": "WITHDREW"}}'
               where slug = 'fairview-isd'"""
    settings = "select settings from districts where slug = 'fairview-isd'"
    path = f"/d/{FAIRVIEW}/settings/exit_codes"
    answer = post_after(districts, other, admin, path, name="G", meaning="GRADUATED")
    assert answer.status_code == 303
    assert execute(districts, settings)[0][0] == {
        "age_limit": 24,
        "exit_codes": {"G": "GRADUATED", "W1": "WITHDREW"},
    }


def test_a_building_that_somebody_else_took_away_is_not_told_twice(
    admin: Person, districts: str
) -> None:
    (found,) = execute(districts, f"select id from portal_users where login = '{TEACHER}'")
    taken = f"delete from caseload_buildings where user_id = {found[0]}"
    path = f"/d/{FAIRVIEW}/caseloads/{found[0]}"
    answer = post_after(districts, taken, admin, f"{path}/buildings")
    assert answer.status_code == 303
    assert "As it was." in admin.get(path).text
    line = "select count(*) from audit_log where action = 'assigned to a caseload'"
    assert execute(districts, line) == [(0,)]


def test_a_password_that_is_reset_meanwhile_stays_reset(
    sign_in: SignIn, browser_of: Callable[[], Person], districts: str
) -> None:
    teacher, new = sign_in(TEACHER), "a quite different password"
    reset = f"update portal_users set password_hash = 'reset' where login = '{TEACHER}'"
    answer = post_after(
        districts, reset, teacher, "/account/password", old=PASSWORD, new=new, again=new
    )
    assert answer.status_code == 422
    assert 'id="error-old"' in answer.text
    stored = f"select password_hash from portal_users where login = '{TEACHER}'"
    assert execute(districts, stored) == [("reset",)]
    line = "select count(*) from audit_log where action = 'changed the password'"
    assert execute(districts, line) == [(0,)]


def test_a_finished_document_has_one_newer_version(
    admin: Person, student_address: Address, districts: str
) -> None:
    document = admin.post(f"{student_address(FAIRVIEW)}/documents", kind="iep").headers["location"]
    execute(districts, "update documents set finished_at = now(), finished_by = 'x'")
    first = (
        "insert into documents (district, student_id, kind, created_by, version, amends) "
        "select district, student_id, kind, 'x', 2, id from documents"
    )
    answer = post_after(districts, first, admin, f"{document}/amend")
    assert answer.status_code == 409
    assert "There is a newer version" in answer.text


@pytest.mark.parametrize(
    ("page", "fields"), [("erase", {"student_id": "1001"}), ("forget", {"field": "address"})]
)
def test_nobody_is_erased_who_got_the_student_id_meanwhile(
    admin: Person, student_address: Address, districts: str, page: str, fields: dict[str, str]
) -> None:
    execute(
        districts,
        "insert into changes (district, student_id, kind, field, old, new) values "
        f"('{FAIRVIEW}', '1002', 'changed', 'address', 'Old', 'New')",
    )
    night = f"select pg_advisory_xact_lock(5407, hashtext('{FAIRVIEW}')); {SWAP}"
    answer = post_after(districts, night, admin, f"{student_address(FAIRVIEW)}/{page}", **fields)
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    left = "select last_name from students where student_id = '1001' and district = 'fairview-isd'"
    assert execute(districts, left) == [("O'Brien",)]
    assert execute(districts, "select old from changes") == [("Old",)]


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("by-hand", {"pronouns": "they"}),
        ("by-hand", {"part": "basics", "historical_idle": "yes"}),
        ("documents", {"kind": "iep"}),
    ],
)
@pytest.mark.parametrize("entered_before", [False, True])
def test_what_is_written_is_the_student_s_whose_id_a_night_moves_meanwhile(
    admin: Person, student_address: Address, districts: str, page: str, fields: dict[str, str],
    entered_before: bool,
) -> None:  # fmt: skip
    address = student_address(FAIRVIEW)
    if entered_before:
        for student_id in ("1001", "1002"):
            there = f"{student_address(FAIRVIEW, student_id)}/by-hand"
            assert admin.post(there, preferred_gender="Other").status_code == 303
    answer = post_after(districts, SWAP, admin, f"{address}/{page}", **fields)
    assert answer.status_code == 303
    table = "documents" if page == "documents" else "entered_by_hand"
    whose = f"select student_id from {table}"
    if entered_before and page == "by-hand":
        whose += " where pronouns = 'they' or historical_idle"
    assert execute(districts, whose) == [("x",)]
    query = "select student_id from audit_log order by id desc limit 1"
    assert execute(districts, query) == [("x",)]


def test_a_newer_version_is_the_student_s_whose_id_a_night_moves_meanwhile(
    admin: Person, student_address: Address, districts: str
) -> None:
    document = admin.post(f"{student_address(FAIRVIEW)}/documents", kind="iep").headers["location"]
    execute(districts, "update documents set finished_at = now(), finished_by = 'x'")
    answer = post_after(districts, SWAP, admin, f"{document}/amend")
    assert answer.status_code == 303
    assert execute(districts, "select student_id from documents") == [("x",), ("x",)]


@pytest.mark.parametrize(
    ("page", "fields"), [("documents", {"kind": "iep"}), ("by-hand", {"pronouns": "they"})]
)
def test_a_student_who_is_deleted_meanwhile_is_gone(
    admin: Person, child: str, districts: str, page: str, fields: dict[str, str]
) -> None:
    gone = "delete from students where origin = 'hand'"
    answer = post_after(districts, gone, admin, f"{child}/{page}", **fields)
    assert answer.status_code == 404


def test_a_refresh_of_a_student_who_is_deleted_meanwhile_is_no_fault(
    admin: Person, student_address: Address, districts: str
) -> None:
    gone = "delete from students where student_id = '1001' and district = 'fairview-isd'"
    answer = post_after(districts, gone, admin, f"{student_address(FAIRVIEW)}/refresh")
    assert answer.status_code == 409
    assert "at the same moment" in answer.text


def test_two_tabs_that_begin_the_second_factor_at_once_show_the_same(
    sign_in: SignIn, districts: str
) -> None:
    one, other = sign_in(TEACHER), sign_in(TEACHER)
    with ThreadPoolExecutor(2) as pool, connect(districts) as lock:
        lock.execute("lock table portal_second_factors in share mode")  # reads go on
        pages = [pool.submit(person.get, "/account/second-factor") for person in (one, other)]
        until = time.monotonic() + _MOST_SECONDS
        while _waiting(districts) < len(pages) and time.monotonic() < until:
            time.sleep(0.02)
        lock.commit()
        answers = [page.result(_MOST_SECONDS) for page in pages]
    assert [answer.status_code for answer in answers] == [200, 200]
    shown = [re.findall(r"<code>(\w+)</code>", answer.text) for answer in answers]
    assert shown[0] == shown[1] != []


@pytest.mark.parametrize(("page", "fields"), [("merge", {"confirmed": "yes"}), ("keep-apart", {})])
@pytest.mark.parametrize("moved", ["other", "survivor"])
def test_no_records_are_joined_whose_student_ids_a_night_moves_meanwhile(
    admin: Person, student_address: Address, districts: str, page: str, fields: dict[str, str],
    moved: str,
) -> None:  # fmt: skip
    gone = "update students set missing_since = current_date where student_id in ('1001', '1002')"
    execute(districts, gone)
    admin.post(f"{student_address(FAIRVIEW)}/documents", kind="iep")
    first, second = (student_address(FAIRVIEW, one).split("/")[-1] for one in ("1001", "1003"))
    named = {"other": first, "survivor": second}
    if moved == "survivor":
        named = {"other": second, "survivor": first}
        execute(districts, "update students set missing_since = current_date")
    # As it is while an import holds the district's lock, and moves Student Ids before it ends.
    night = f"select pg_advisory_xact_lock(5407, hashtext('{FAIRVIEW}')); {SWAP}"
    answer = post_after(
        districts, night, admin, f"/d/{FAIRVIEW}/same-student/{page}", **fields, **named
    )
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert execute(districts, "select count(*) from kept_apart") == [(0,)]
    assert execute(districts, "select student_id from documents") == [("x",)]
    assert (
        execute(districts, "select merged_into from students where merged_into is not null") == []
    )


@pytest.mark.parametrize("change", ["password_hash = 'reset'", "disabled_at = now()"])
def test_whoever_signs_in_as_the_account_is_reset_or_disabled_is_not_signed_in(
    browser_of: Callable[[], Person], districts: str, change: str
) -> None:
    """A session that was opened a moment after the others were ended lasted for hours."""
    browser = browser_of()
    token = token_of(browser.get("/sign-in").text)
    fields = {"csrf": token, "login": TEACHER, "password": PASSWORD}
    reset = f"update portal_users set {change} where login = '{TEACHER}'; "
    with connect(districts) as other, ThreadPoolExecutor(1) as pool:
        other.execute((reset + "delete from portal_sessions").encode())
        job = pool.submit(browser.send, "/sign-in", fields)
        until = time.monotonic() + _MOST_SECONDS
        while not job.done() and not _waiting(districts) and time.monotonic() < until:
            time.sleep(0.02)
        other.commit()
        assert job.result(_MOST_SECONDS).status_code == 401
    assert execute(districts, "select count(*) from portal_sessions") == [(0,)]
