"""District Information: credentials, choices, held nights, problems, the audit log."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DateRange, GuardianChoice
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

ADMIN = "administrative@fairview.example"
PAGE = f"/d/{FAIRVIEW}/district-information"
SignIn = Callable[[str], Person]


@pytest.fixture
def registry(settings: Settings, districts: str) -> Registry:
    registry = Registry(settings, districts)
    registry.store_secret(FAIRVIEW, Secret("an invented client secret"), "test")
    return registry


def add_reject(url: str, rule: str, student_id: str | None = "1001", **columns: object) -> None:
    with connect(url) as connection:
        connection.execute(
            'insert into rejects (sync_id, district, object, key, student_id, "column", rule, '
            "severity) select max(id), %s, 'Demographics/NameEmail', 7, %s, %s, %s, %s from syncs "
            "where district = %s",
            (
                FAIRVIEW,
                student_id,
                columns.get("column"),
                rule,
                columns.get("severity", "row"),
                FAIRVIEW,
            ),
        )


def test_the_secret_is_masked_and_shown_on_demand_which_is_recorded(
    sign_in: SignIn, registry: Registry
) -> None:
    admin = sign_in(ADMIN)
    assert "an invented client secret" not in admin.get(PAGE).text
    assert "an invented client secret" in admin.post(f"{PAGE}/secret").text
    assert "an invented client secret" not in admin.get(PAGE).text
    assert "Revealed the client secret" in admin.get(f"/d/{FAIRVIEW}/audit-log").text


@pytest.mark.parametrize(("days", "opened"), [(300, False), (60, True), (-2, True)])
def test_how_to_extend_the_access_is_open_to_read_when_it_matters(
    sign_in: SignIn, registry: Registry, days: int, opened: bool
) -> None:
    registry.update(FAIRVIEW, who="test", expires_on=date.today() + timedelta(days=days))
    section = sign_in(ADMIN).get(PAGE).text.split('id="extend"')[1].split("</section>")[0]
    assert ("<details" in section, " open>" in section) == (True, opened)


def test_a_secret_can_not_be_shown_by_a_link(sign_in: SignIn, registry: Registry) -> None:
    assert sign_in(ADMIN).get(f"{PAGE}/secret").status_code == 405


def test_choices_are_saved_for_the_next_night(sign_in: SignIn, registry: Registry) -> None:
    admin, settings = sign_in(ADMIN), f"/d/{FAIRVIEW}/settings"
    admin.post(f"{settings}/guardians", guardians="first_two_custodial")
    admin.post(f"{settings}/dates", paused_first="2026-12-20", paused_last="2027-01-04")
    admin.post(f"{settings}/buildings", school="Elm El", building="Elm Elementary")
    admin.post(f"{settings}/limits", parent_years="14", shared_email_limit="6", age_limit="26")
    admin.post(f"{settings}/night", time_zone="America/Denver", hour="3")
    district = registry.get(FAIRVIEW)
    assert district.settings.guardians is GuardianChoice.FIRST_TWO_CUSTODIAL
    assert district.settings.paused == DateRange(date(2026, 12, 20), date(2027, 1, 4))
    assert district.settings.buildings == {"Elm El": "Elm Elementary"}
    chosen = district.settings
    assert (chosen.parent_years, chosen.shared_email_limit, chosen.age_limit) == (14, 6, 26)
    page = admin.get(PAGE).text
    for name, value in (("parent_years", 14), ("shared_email_limit", 6), ("age_limit", 26)):
        assert re.search(rf'id="{name}" name="{name}"[^>]* value="{value}"', page)
    assert (district.time_zone, district.hour) == ("America/Denver", 3)
    admin.post(f"{settings}/buildings", school="Elm El", building="")
    assert registry.get(FAIRVIEW).settings.buildings == {}


IMPOSSIBLE = (
    ("guardians", {"guardians": "nobody"}),
    ("limits", {"parent_years": "9", "shared_email_limit": "4", "age_limit": "30"}),
    ("limits", {"parent_years": "12", "shared_email_limit": "", "age_limit": "30"}),
    ("limits", {"parent_years": "12", "shared_email_limit": "4", "age_limit": "30.5"}),
    ("limits", {"parent_years": "12", "shared_email_limit": "-4", "age_limit": "9" * 5000}),
    ("dates", {"paused_first": "2027-01-04", "paused_last": "2026-12-20"}),
    ("dates", {"paused_first": "2027-01-04"}),
    ("dates", {"additions_first": "tomorrow", "additions_last": "2027-01-04"}),
    ("night", {"time_zone": "America/Chicago", "hour": "late"}),
    ("night", {"time_zone": "Mars/Olympus", "hour": "2"}),
    ("night", {"time_zone": "America/Chicago", "hour": "99"}),
)


def test_choices_that_can_not_be_are_refused_with_what_to_do(
    sign_in: SignIn, registry: Registry
) -> None:
    before, admin = registry.get(FAIRVIEW), sign_in(ADMIN)
    for part, fields in IMPOSSIBLE:
        answer = admin.post(f"/d/{FAIRVIEW}/settings/{part}", **fields)
        assert answer.status_code == 422, fields
        assert "Nothing was saved yet" in answer.text
        assert 'class="field-error"' in answer.text, fields
    assert registry.get(FAIRVIEW) == before
    log = admin.get(f"/d/{FAIRVIEW}/audit-log").text.lower()
    assert "changed settings" not in log[log.index("<tbody>") :]


def test_buildings_that_match_nothing_are_offered_for_mapping(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "update syncs set findings = "
            """'{"students": {"buildings_not_matched": ["Elm El"]}}'::jsonb"""
        )
    page = sign_in(ADMIN).get(PAGE).text
    assert "1 school of Qmlativ has no building yet" in page
    assert 'value="Elm El"' in page


def test_codes_and_languages_that_nobody_knows_are_offered_for_mapping(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "update syncs set findings = "
            """'{"students": {"exit_codes_not_matched": {"Code 9": 12},
            "languages_not_matched": {"Creole": 3}}}'::jsonb"""
        )
    admin = sign_in(ADMIN)
    page = admin.get(PAGE).text
    assert 'value="Code 9"' in page
    assert 'value="Creole"' in page
    settings = PAGE.replace("district-information", "settings")
    admin.post(f"{settings}/exit_codes", name="Code 9", meaning="GRADUATED")
    admin.post(f"{settings}/languages", name="Creole", meaning="ht")
    chosen = registry.get(FAIRVIEW).settings
    assert (chosen.exit_codes, chosen.languages) == ({"Code 9": "GRADUATED"}, {"Creole": "ht"})
    for key in ("exit_codes", "languages"):
        refused = admin.post(f"{settings}/{key}", name="Code 9", meaning="nonsense")
        assert "of the list" in refused.text
        admin.post(f"{settings}/{key}", name="Code 9", meaning="")
    assert registry.get(FAIRVIEW).settings.exit_codes == {}


@pytest.mark.parametrize(
    ("shared", "words"), [("1", "are shared by Qmlativ"), ("0", "are not shared by Qmlativ")]
)
def test_it_is_told_whether_restrictions_are_shared(
    sign_in: SignIn, registry: Registry, districts: str, shared: str, words: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "update syncs set findings = jsonb_build_object('guardians', "
            "jsonb_build_object('restrictions_shared', %s::int))",
            (shared,),
        )
    assert words in sign_in(ADMIN).get(PAGE).text


def test_problems_say_who_acts_where_and_what(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    add_reject(districts, "student_id_blank", None)
    add_reject(districts, "a_rule_of_another_version", column="email", severity="value")
    page = sign_in(ADMIN).get(f"/d/{FAIRVIEW}/problems").text
    for words in ("Action by the district", "no Student Number", "Student Profile"):
        assert words in page
    assert "a_rule_of_another_version" in page


def test_the_csv_of_problems_holds_ids_and_no_names_nor_formulas(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    formulas = ("=cmd()", "+1", "-1", "@SUM(A1)", " =cmd()", "\t=cmd()", "\n=cmd()", "\uff1dcmd()")
    for formula in formulas:
        add_reject(districts, "student_id_twice", formula)
    answer = sign_in(ADMIN).get(f"/d/{FAIRVIEW}/problems.csv")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert lines[0][0] == "Student Id"
    assert {line[0] for line in lines[1:]} == {f"'{formula}" for formula in formulas}
    assert "García" not in answer.text


def test_a_notice_says_that_nothing_is_missing(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    add_reject(districts, "a_notice_of_a_later_version", severity="value")
    admin = sign_in(ADMIN)
    assert "Please check</span>" in admin.get(f"/d/{FAIRVIEW}/problems").text
    assert "Nothing, please check" in admin.get(f"/d/{FAIRVIEW}/problems.csv").text


def test_restrictions_without_a_pair_are_one_notice_with_their_number(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    add_reject(districts, "restriction_without_pair", None, severity="value")
    with connect(districts) as connection:
        connection.execute(
            'update syncs set findings = \'{"guardians": {"restriction_without_pair": 1234}}\''
        )
    page = sign_in(ADMIN).get(f"/d/{FAIRVIEW}/problems").text
    assert "1,234 cases" in page
    assert "Which records" not in page


def test_columns_that_were_not_shared_are_reported_by_their_labels(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute("update syncs set absent_columns = '{home_language,guardian.email}'")
    page = sign_in(ADMIN).get(f"/d/{FAIRVIEW}/problems").text
    assert "Qmlativ did not share: Home language, Guardian: E-mail" in page


def test_a_district_before_its_first_night_is_told_what_comes(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    with connect(districts) as connection:
        for table in ("guardians", "students", "syncs"):
            connection.execute(f"delete from {table}".encode())
    admin = sign_in(ADMIN)
    assert "No students yet" in admin.get(f"/d/{FAIRVIEW}/students").text
    page = admin.get(PAGE).text
    assert "No night yet. The first is due at 2 AM" in page
    assert "known after the first night" in page
    assert "No import has run yet" in admin.get(f"/d/{FAIRVIEW}/problems").text


def test_a_failed_night_is_a_problem_with_its_way_back(
    sign_in: SignIn, registry: Registry, districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, message, hint, actor) "
            "values (%s, 'run-2', current_date, 'failed', now(), 'the access has expired', "
            "'extend it', 'district')",
            (FAIRVIEW,),
        )
    page = sign_in(ADMIN).get(f"/d/{FAIRVIEW}/problems").text
    assert "The access has expired" in page
    assert "Extend it" in page


def test_a_decision_is_about_the_night_that_was_seen(sign_in: SignIn, registry: Registry) -> None:
    admin = sign_in(ADMIN)
    assert "No night is held" in admin.get(f"/d/{FAIRVIEW}/held").text
    for decision in ("approve", "discard"):
        answer = admin.post(f"/d/{FAIRVIEW}/held/{decision}", night="999")
        assert answer.status_code == 409


def test_every_view_of_a_record_is_in_the_audit_log(
    sign_in: SignIn, student_address: Callable[..., str], registry: Registry
) -> None:
    teacher, address = sign_in("teacher@fairview.example"), student_address(FAIRVIEW)
    teacher.get(address)
    document = teacher.post(f"{address}/documents", kind="etr").headers["location"]
    teacher.get(document)
    teacher.get(f"{document}/pdf")
    page = sign_in(ADMIN).get(f"/d/{FAIRVIEW}/audit-log").text
    for line in ("Viewed a student", "Started a document", "Viewed a document", "Exported"):
        assert line in page
    assert "teacher@fairview.example" in page
    assert "127.0.0.1" in page
    assert "García" not in page


def test_basics_show_the_status_with_its_reason(
    sign_in: SignIn, student_address: Callable[..., str]
) -> None:
    admin, address = sign_in(ADMIN), student_address(FAIRVIEW, "1002")
    assert "Withdrew" in admin.get(f"{address}/basics").text
    admin.post(f"{address}/by-hand", part="basics", historical_idle="yes")
    assert "Historical / idle</span>" in admin.get(address).text
