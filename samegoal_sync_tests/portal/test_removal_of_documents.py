"""A removed district leaves its documents as files, its trace, and a word on what remains."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from samegoal_sync import cli
from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person
from samegoal_sync_tests.portal.test_document_pdf import BEYOND_TYPST


def test_documents_are_exported_and_the_removal_is_reported(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    districts: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    teacher = sign_in("teacher@fairview.example")
    page = teacher.post(f"{student_address(FAIRVIEW)}/documents", kind="iep").headers["location"]
    field = re.search(r'name="(section:0:[^"]+)"', teacher.get(page).text)
    assert field
    teacher.post(f"{page}/fill", **{field[1]: "reads at grade level"})
    beyond = teacher.post(f"{student_address(FAIRVIEW)}/documents", kind="etr").headers["location"]
    fault = beyond.partition("?")[0].rpartition("/")[2]
    with connect(districts) as connection:
        connection.execute(
            "update document_fields set value = %s where document_id = %s and part = 'section'",
            (f"reads in time {BEYOND_TYPST}", fault),
        )
    other = sign_in("teacher@oakdale.example")
    other.post(f"{student_address(OAKDALE)}/documents", kind="etr")
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", districts)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    last = tmp_path / "last"
    with pytest.raises(SystemExit) as ended:
        cli.main(["districts", "remove", FAIRVIEW, "--export-to", str(last), "--yes"])
    printed = capsys.readouterr().err
    assert ended.value.code == 0, printed
    pdf, text = (next((last / "documents").glob(f"*{suffix}")) for suffix in (".pdf", ".txt"))
    assert pdf.read_bytes().startswith(b"%PDF")
    assert text.name == f"1001_etr_v1_{fault}.txt"
    assert text.read_text().startswith("This document can't be laid out as PDF. This is its text.")
    assert text.read_text().count("reads in time") == 4
    assert {path.stat().st_mode & 0o777 for path in (pdf, text)} == {0o600}
    assert printed.count(f"document {fault} is exported as text: ") == 1
    assert "reads in" not in printed
    data = next((last / "documents").glob("*_iep_*.json"))
    assert len(list((last / "documents").iterdir())) == 4
    kept = json.loads(data.read_text())
    assert kept["about"]["student_id"] == "1001"
    assert "reads at grade level" in [one["value"] for one in kept["fields"]]
    assert (last / "students.csv").exists()
    assert printed.count("remaining: ") == 4
    with connect(districts) as connection:
        lines = connection.execute(
            "select district, role, what from audit_log where action = 'removed the district'"
        ).fetchall()
        assert lines == [(FAIRVIEW, "command", "3 students, exported before")]
        left = connection.execute("select district from documents").fetchall()
        assert left == [(OAKDALE,)]
    team = sign_in("team@samegoal.example")
    assert "Removed the district" in team.get("/team/audit-log").text
