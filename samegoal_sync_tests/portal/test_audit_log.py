"""The audit log: every read leaves its line, by command too; it is read, narrowed and exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from samegoal_sync import cli
from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person

SignIn = Callable[[str], Person]
ADMIN, TEAM = "administrative@fairview.example", "team@samegoal.example"
LOG = f"/d/{FAIRVIEW}/audit-log"


@pytest.fixture
def run(districts: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(*arguments: str, stdin: str = "") -> int:
        monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", districts)
        monkeypatch.setattr("getpass.getuser", lambda: "ops")
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        return int(ended.value.code or 0)

    return run


def lines(url: str, condition: str = "role = 'command'") -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return connection.execute(
            f"select district, who, action, student_id, what from audit_log "
            f"where {condition} order by id".encode()
        ).fetchall()


def table(answer: str) -> str:
    return answer[answer.index("<tbody>") : answer.index("</tbody>")]


def test_reading_by_command_leaves_the_lines_that_pages_leave(
    run: Callable[..., int], districts: str, tmp_path: Path
) -> None:
    assert run("student", FAIRVIEW, "1001") == 0
    assert run("student", FAIRVIEW, "1001", "--json") == 0
    assert run("rejects", FAIRVIEW) == 0
    assert run("students", "undecided", FAIRVIEW) == 0
    assert run("export", FAIRVIEW, str(tmp_path / "files")) == 0
    login = "new@fairview.example"
    add = ("users", "add", login, "--name", "N", "--role", "teacher", "--district", FAIRVIEW)
    assert run(*add, stdin="a long enough Passphrase 7\n") == 0
    assert run("users", "disable", login) == 0
    assert run("student", FAIRVIEW, "no-such") == 1
    assert lines(districts) == [
        (FAIRVIEW, "ops", "viewed a student", "1001", "Details"),
        (FAIRVIEW, "ops", "viewed a student", "1001", "Details"),
        (FAIRVIEW, "ops", "viewed problems", None, "0 rejects"),
        (FAIRVIEW, "ops", "viewed problems", None, "0 pairs of records"),
        (FAIRVIEW, "ops", "exported", None,
         "students.csv and guardians.csv: 3 students, 2 guardians"),
        (FAIRVIEW, "ops", "changed an account", None, f"added {login} as teacher"),
        (FAIRVIEW, "ops", "changed an account", None, f"disabled {login}"),
    ]  # fmt: skip


def test_the_log_shows_a_command_and_is_narrowed_by_person_student_action_and_day(
    sign_in: SignIn, run: Callable[..., int], student_address: Callable[..., str]
) -> None:
    assert run("student", FAIRVIEW, "1001") == 0
    admin = sign_in(ADMIN)
    admin.get(student_address(FAIRVIEW, "1002"))
    page = admin.get(LOG)
    assert page.status_code == 200
    assert "By command" in page.text
    for narrowed, there, not_there in (
        ({"text": "ops"}, "1001", "1002"),
        ({"text": "1002"}, "1002", "ops"),
        ({"action": "viewed a student", "text": ADMIN}, "1002", "1001"),
        ({"first": "2000-01-01", "last": "2100-01-01"}, "ops", "nothing"),
    ):
        admin.post(LOG, **narrowed)
        shown = table(admin.get(LOG).text)
        assert there in shown, narrowed
        assert not_there not in shown, narrowed
    admin.post(LOG, last="2000-01-01", first="not a day")
    assert "No lines found" in admin.get(LOG).text
    admin.post(LOG, clear="yes")
    assert "ops" in admin.get(LOG).text
    # What was searched for may be a Student Id: it is in no address.
    assert admin.post(LOG, text="1002").headers["location"] == LOG


def test_the_log_is_exported_as_it_is_narrowed_and_that_is_a_line_too(
    sign_in: SignIn, districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "insert into audit_log (district, who, role, action, student_id, what) values "
            "(%s, '=cmd()', 'teacher', 'viewed a student', '1001', 'Details')",
            (FAIRVIEW,),
        )
    admin = sign_in(ADMIN)
    admin.post(LOG, text="1001", action="viewed a student")
    exported = admin.get(f"{LOG}.csv")
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert [(row["Who"], row["Did"], row["Student Id"]) for row in rows] == [
        ("'=cmd()", "viewed a student", "1001")
    ]
    assert lines(districts, "action = 'exported'")[0][4] == "audit log as CSV, 1 lines"


def test_a_district_reads_its_own_lines_and_the_team_those_of_none(
    sign_in: SignIn, districts: str
) -> None:
    with connect(districts) as connection:
        for district, who in ((OAKDALE, "ora"), (None, "tim"), ("gone-isd", "gus")):
            connection.execute(
                "insert into audit_log (district, who, role, action) "
                "values (%s, %s, 'command', 'changed an account')",
                (district, who),
            )
    admin, team = sign_in(ADMIN), sign_in(TEAM)
    page = admin.get(LOG).text
    assert not any(who in page for who in ("ora", "tim", "gus"))
    own = team.get("/team/audit-log").text
    assert all(who in table(own) for who in ("tim", "gus", "gone-isd", TEAM))
    assert "ora<" not in own
    assert "gus" in team.get("/team/audit-log.csv").text
    team.post("/team/audit-log", text="gus")
    assert "tim<" not in table(team.get("/team/audit-log").text)
    for path in ("/team/audit-log", "/team/audit-log.csv"):
        assert admin.get(path).status_code == 404


def test_a_change_of_settings_says_old_and_new_row_by_row(
    sign_in: SignIn, run: Callable[..., int], districts: str
) -> None:
    admin = sign_in(ADMIN)
    settings = f"/d/{FAIRVIEW}/settings"
    admin.post(f"{settings}/guardians", guardians="first_two", publish_restricted="yes")
    admin.post(f"{settings}/buildings", school="Elm ES", building="Elm Elementary")
    admin.post(f"{settings}/night", time_zone="America/Denver", hour="3")
    admin.post(f"{settings}/night", time_zone="America/Denver", hour="3")
    recorded = [line[4] for line in lines(districts, "action = 'changed settings'")]
    assert recorded == [
        "guardians: default -> first_two",
        "publish restricted: default -> yes",
        "buildings, Elm ES: default -> Elm Elementary",
        "hour: 2 -> 3",
        "time zone: America/Chicago -> America/Denver",
    ]
    assert run("districts", "change", FAIRVIEW, "--name", "Fairview Schools") == 0
    with connect(districts) as connection:
        what = connection.execute(
            "select what from district_events where kind = 'updated' order by id desc limit 1"
        ).fetchone()
    assert what == ("name: Fairview ISD -> Fairview Schools",)


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("limits", {"parent_years": "16", "shared_email_limit": "4", "age_limit": "28"}),
        ("night", {"hour": "5", "time_zone": "America/Denver"}),
    ],
)
def test_a_choice_of_a_district_whose_line_can_not_be_written_is_none(
    sign_in: SignIn, districts: str, form: str, fields: dict[str, str]
) -> None:
    chosen = f"select settings, hour, time_zone from districts where slug = '{FAIRVIEW}'"
    with connect(districts) as connection:
        before = connection.execute(chosen.encode()).fetchone()
        connection.execute(
            "create function refuse() returns trigger language plpgsql as "
            "'begin raise exception ''full''; end'"
        )
        connection.execute(
            "create trigger refuse before insert on audit_log for each row "
            "when (new.action = 'changed settings') execute function refuse()"
        )
    admin = sign_in(ADMIN)
    assert admin.post(f"/d/{FAIRVIEW}/settings/{form}", **fields).status_code == 500
    with connect(districts) as connection:
        assert connection.execute(chosen.encode()).fetchone() == before
        connection.execute("drop trigger refuse on audit_log")
    assert admin.post(f"/d/{FAIRVIEW}/settings/{form}", **fields).status_code == 303
    recorded = lines(districts, "action = 'changed settings'")
    assert {line[1] for line in recorded} == {ADMIN}
    with connect(districts) as connection:
        assert connection.execute(chosen.encode()).fetchone() != before
