"""The commands on what is published: data on standard output, talk beside it, exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from samegoal_sync.cli import main
from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES
from samegoal_sync.samegoal.publication.refusal_rules import ALL_RULES, PUBLICATION_RULES
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SLUG = "fairview-isd"


class Terminal:
    """Runs commands against the house's database."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def run(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = self.capsys.readouterr()
        assert end.value.code == status, err
        return out, err

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json")[0])


@pytest.fixture
def terminal(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", house.database_url)
    house.publish(
        curated_students([student(n) for n in range(30)], rejects=_REJECTS),
        curated_guardians([guardian(1, of=1)]),
    )
    return Terminal(capsys)


_REJECTS = [
    ("Student/Student", 77, None, None, "student_id_blank", "row"),
    ("Demographics/Name", 78, "S000001", "email", "email_invalid", "value"),
]


def _hold(house: House) -> None:
    names = curated_students([student(n, last_name="Wrong") for n in range(30)])
    assert house.publish(names, curated_guardians([guardian(1, of=1)])).state == "held"


def test_student_shows_details(terminal: Terminal) -> None:
    out, _ = terminal.run("student", _SLUG, "S000001")
    assert "Last1" in out
    assert "parent1@example.org" in out
    shown = terminal.json("student", _SLUG, "S000001")
    assert shown["student"]["date_of_birth"] == "2012-01-02"
    assert shown["guardians"][0]["guardian_id"] == 500001


def test_an_unknown_student_fails_with_a_hint(terminal: Terminal) -> None:
    out, err = terminal.run("student", _SLUG, "NOBODY", status=1)
    assert out == ""
    assert "hint: look at samegoal-sync rejects fairview-isd" in err


def test_an_unknown_district_is_wrong_usage(terminal: Terminal) -> None:
    for command in (["held"], ["rejects"], ["approve"], ["discard"]):
        _, err = terminal.run(*command, "elsewhere", status=2)
        assert "there is no district 'elsewhere'" in err


def test_rejects_tell_rule_actor_screen_and_remedy(terminal: Terminal) -> None:
    out, _ = terminal.run("rejects", _SLUG)
    assert "student_id_blank" in out
    assert "Student Profile" in out
    shown = terminal.json("rejects", _SLUG)
    assert [reject["key"] for reject in shown["rejects"]] == [77, 78]
    assert shown["rules"]["student_id_blank"]["actor"] == "district"


def test_held_shows_old_and_new_and_approve_publishes(terminal: Terminal, house: House) -> None:
    _hold(house)
    out, err = terminal.run("held", _SLUG, "--rows", "5")
    assert "30 of 30 students would change name" in out
    assert "Last0" in out
    assert "Wrong" in out
    assert "25 more" in err
    shown = terminal.json("held", _SLUG)
    assert len(shown["changes"]) == 30
    out, _ = terminal.run("approve", _SLUG, "--who", "Dana")
    assert "published" in out
    assert terminal.json("held", _SLUG) is None


def test_discard_keeps_what_is_published(terminal: Terminal, house: House) -> None:
    _hold(house)
    out, _ = terminal.run("discard", _SLUG)
    assert "what is published stays" in out
    assert house.value("select count(*) from students where last_name = 'Wrong'") == 0
    terminal.run("discard", _SLUG, status=1)


def test_export_writes_the_files(terminal: Terminal, tmp_path: Path) -> None:
    shown = terminal.json("export", _SLUG, str(tmp_path / "out"))
    assert (shown["students"], shown["guardians"], shown["delivered"]) == (30, 1, None)
    assert (tmp_path / "out" / "students.csv").read_text().count("\n") == 31


def test_export_tells_a_missing_delivery_setting_before_it_writes(
    terminal: Terminal, tmp_path: Path
) -> None:
    _, err = terminal.run("export", _SLUG, str(tmp_path / "out"), "--deliver", status=2)
    assert "SAMEGOAL_SYNC_SFTP_URL is not set" in err
    assert list(tmp_path.iterdir()) == []


def test_every_rule_has_one_entry_with_a_remedy() -> None:
    assert not set(REJECT_RULES) & set(PUBLICATION_RULES)
    assert all(rule.remedy and rule.screen for rule in ALL_RULES.values())


def test_every_rule_of_publication_is_in_the_docs() -> None:
    shown = (Path(__file__).parents[2] / "docs" / "publication.md").read_text()
    assert all(f"### {rule}\n" in shown for rule in PUBLICATION_RULES)
