"""Our own programs' log: a JSON object a line where a machine reads, and no one's values in it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from samegoal_sync.errors import SettingError
from samegoal_sync.logs import FORMAT_VARIABLE, configure_logs

_PROGRAM = """
import logging
from samegoal_sync.logs import configure_logs
configure_logs()
log = logging.getLogger("portal")
log.warning("night of %s", "fairview-isd")
try:
    raise ValueError("Key (last_name)=(Lovelace) already exists")
except ValueError:
    log.exception("could not save")
"""


def _lines(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True,
        env=environment,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_each_line_is_an_object_and_an_error_is_its_type_and_place() -> None:
    first, second = (json.loads(line) for line in _lines())
    assert first["event"] == "night of fairview-isd"
    assert (first["level"], first["logger"]) == ("warning", "portal")
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["error"]) == ("could not save", "ValueError")
    assert second["at"] == ["<string>:8 <module>"]
    assert "Lovelace" not in json.dumps(second)


def test_words_are_for_a_person_who_asks_for_them() -> None:
    lines = _lines(**{FORMAT_VARIABLE: "text"})
    assert "night of fairview-isd" in lines[0]
    assert not lines[0].startswith("{")
    assert not any("Lovelace" in line for line in lines)


def test_a_format_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORMAT_VARIABLE, "xml")
    with pytest.raises(SettingError, match="neither json nor text"):
        configure_logs()
