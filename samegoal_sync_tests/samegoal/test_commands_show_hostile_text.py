"""Every reading command shows text that others wrote as it is: no markup, nothing to be obeyed.

The texts are written past the cleaning on entry, as an earlier version or a hand in SQL may have.
"""

from __future__ import annotations

import json
import re

import pytest

from samegoal_sync.cli import main
from samegoal_sync.database import connect
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SLUG = "fairview-isd"
#: Markup that rich can't close, an emoji's name, writing to the clipboard, colour, a turned line.
_HOSTILE = "[/oops] [red]x :smile: \x1b]52;c;aGk=\x07 \x9b31m \u202e \u2028 \x7f"
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(autouse=True)
def hostile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A district whose every text is hostile, with a student, a reject and a held night."""
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", house.database_url)
    rejects = [("Student/Student", 77, None, None, "student_id_blank", "row")]
    house.publish(
        curated_students([student(n) for n in range(30)], rejects=rejects),
        curated_guardians([guardian(1, of=1)]),
    )
    names = curated_students([student(n, last_name="Wrong") for n in range(30)])
    assert house.publish(names, curated_guardians([guardian(1, of=1)])).state == "held"
    with connect(house.database_url) as connection:
        connection.execute("update districts set name = %(x)s, message = %(x)s", {"x": _HOSTILE})
        connection.execute("update students set last_name = %s, city = %s", [_HOSTILE] * 2)
        connection.execute("update guardians set last_name = %s", [_HOSTILE])
        connection.execute("update syncs set message = %(x)s, hint = %(x)s", {"x": _HOSTILE})
        connection.execute(
            "insert into district_events (district, kind, who, what) values (%s, 'x', %s, %s)",
            [_SLUG, _HOSTILE, _HOSTILE],
        )
        connection.execute(
            "insert into portal_users (login, name, role, password_hash) "
            "values ('a', %s, 'technical_team', 'x')",
            [_HOSTILE],
        )


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    out, err = capsys.readouterr()
    assert end.value.code in (0, 1), err
    assert "Traceback" not in out + err
    assert not _OBEYED.findall(out + err)
    return str(out) if "--json" in arguments else str(out) + str(err)


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize(
    ("arguments", "shows"),
    [
        (("status",), True),
        (("districts", "list"), True),
        (("districts", "show", _SLUG), True),
        (("users", "list"), True),
        (("student", _SLUG, "S000001"), True),
        (("rejects", _SLUG), False),
        (("held", _SLUG), False),
        (("students", "undecided", _SLUG), False),
    ],
)
def test_a_reading_command_shows_hostile_text_as_it_is(
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    shows: bool,
    form: tuple[str, ...],
) -> None:
    out = _run(capsys, *arguments, *form)
    if shows:
        assert "[/oops] [red]x :smile:" in out
    if form and shows:
        assert json.dumps(json.loads(out), ensure_ascii=False).count("\x9b31m")


def test_an_error_that_repeats_what_was_typed_shows_it_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["student", _SLUG, _HOSTILE])
    err = capsys.readouterr().err
    assert "no student" in err
    assert not _OBEYED.findall(err)
