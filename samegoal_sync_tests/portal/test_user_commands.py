"""``samegoal-sync users``: accounts by command, passwords never in an argument."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from samegoal_sync import cli
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, Person


@pytest.fixture
def run(
    districts: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", districts)
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_an_account_is_added_listed_reset_and_disabled(
    run: Callable[..., tuple[int, str, str]], browser_of: Callable[[], Person]
) -> None:
    login = "new@fairview.example"
    added = run(
        "users", "add", login, "--name", "New", "--role", "teacher", "--district", FAIRVIEW,
        stdin=PASSWORD + "\n",
    )  # fmt: skip
    assert added[0] == 0, added
    assert browser_of().sign_in(login).status_code == 303
    assert PASSWORD not in "".join(map(str, added))
    status, out, _ = run("users", "list", "--json")
    assert status == 0
    assert login in {user["login"] for user in json.loads(out)}
    assert run("users", "reset", login, stdin="another long password\n")[0] == 0
    assert browser_of().sign_in(login).status_code == 401
    assert run("users", "disable", login)[0] == 0
    assert browser_of().sign_in(login, "another long password").status_code == 401
    assert "disabled" in run("users", "list")[1]


def test_an_unknown_account_is_wrong_usage(run: Callable[..., tuple[int, str, str]]) -> None:
    status, _, err = run("users", "disable", "nobody")
    assert status == 2
    assert "hint:" in err
