"""Faults on demand: each shows as it does in the world, and strikes as often as it was told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox import FaultKind, Sandbox
from samegoal_sync.sandbox.server.fault_kinds import DESCRIPTIONS, parse_fault
from samegoal_sync_tests.sandbox.api_caller import ApiCaller
from samegoal_sync_tests.sandbox.conftest import SLUG

PAGE = "Custom/1/Student/Student/2/10"


def _with(api: ApiCaller, fault: str, path: str = PAGE, timeout: float = 10) -> requests.Response:
    return api.get(path, headers={"X-Sandbox-Fault": fault}, allow_redirects=False, timeout=timeout)


def _keys(answer: requests.Response) -> list[int]:
    return [row["StudentID"] for row in answer.json()["Objects"]]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("unauthorized", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("too_many", 429),
        ("unavailable", 503),
        ("server_error_html", 500),
        ("server_error_json", 500),
        ("stale_500", 500),
        ("redirect", 302),
    ],
)
def test_statuses_come_as_named(api: ApiCaller, kind: str, status: int) -> None:
    assert _with(api, kind).status_code == status


def test_retry_after_comes_only_when_seconds_are_given(api: ApiCaller) -> None:
    assert "Retry-After" not in _with(api, "too_many").headers
    assert _with(api, "too_many;seconds=3").headers["Retry-After"] == "3"
    assert _with(api, "unavailable;seconds=7").headers["Retry-After"] == "7"


def test_an_html_page_comes_where_json_is_expected(api: ApiCaller) -> None:
    answer = _with(api, "server_error_html")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text


def test_the_connection_is_reset(api: ApiCaller) -> None:
    with pytest.raises(requests.ConnectionError):
        _with(api, "reset")


def test_a_body_is_cut_off(api: ApiCaller) -> None:
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        _with(api, "truncated", "Custom/1/Student/Student/1/300")


def test_a_slow_body_takes_its_time_and_is_complete(api: ApiCaller) -> None:
    started = time.monotonic()
    answer = _with(api, "slow;seconds=0.5")
    assert time.monotonic() - started >= 0.4
    assert len(_keys(answer)) == 10


def test_a_silent_server_lets_the_client_time_out(api: ApiCaller) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        _with(api, "silent;seconds=30", timeout=0.3)


def test_a_mute_server_takes_requests_and_answers_once_the_fault_is_cleared(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.fault(SLUG, "mute", count=None)
    for path in (PAGE, "oauth/token"):
        with pytest.raises(requests.exceptions.ReadTimeout):
            own_api.get(path, timeout=0.5)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(own_api.get, PAGE)
        time.sleep(0.5)
        assert not waiting.done()
        own_sandbox.clear_faults(SLUG)
        assert len(_keys(waiting.result(timeout=5))) == 10


def test_an_endless_body_ends_with_the_client(api: ApiCaller) -> None:
    headers = {**api.headers, "X-Sandbox-Fault": "endless"}
    with requests.get(f"{api.base}/{PAGE}", headers=headers, stream=True, timeout=10) as answer:
        assert "Content-Length" not in answer.headers
        assert len(answer.raw.read(3_000_000)) == 3_000_000


def test_contents_are_wrong_in_every_way(api: ApiCaller) -> None:
    assert _with(api, "content_type").headers["Content-Type"] == "text/html"
    with pytest.raises(requests.exceptions.JSONDecodeError):
        _with(api, "broken_json").json()
    assert "Objects" not in _with(api, "no_objects").json()


def test_gzip_is_announced_and_holds_the_same(api: ApiCaller) -> None:
    packed = _with(api, "gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == api.get(PAGE).json()


def test_pages_repeat_loop_double_and_miss(api: ApiCaller) -> None:
    first, second = _keys(api.get(PAGE.replace("/2/", "/1/"))), _keys(api.get(PAGE))
    assert _keys(_with(api, "repeated_page")) == first
    assert _keys(_with(api, "duplicate_rows")) == [first[-1], *second[:-1]]
    assert _keys(_with(api, "missed_rows"))[:-1] == second[1:]
    assert _with(api, "looping_next").json()["Paging"]["Next"].endswith("/1/10")


def test_an_expired_token_is_reported_and_a_new_one_works(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.fault(SLUG, "token_expired", after=1)
    assert own_api.get(PAGE).ok
    struck = own_api.get(PAGE)
    assert struck.status_code == 401
    assert "Token has expired" in struck.text
    assert own_api.get(PAGE).status_code == 401
    own_api.log_in()
    assert own_api.get(PAGE).ok


def test_a_fault_strikes_as_often_after_and_where_it_was_told(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.fault(SLUG, "unavailable", count=2, after=1, path="Student/Student")
    statuses = [own_api.get(PAGE).status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    own_sandbox.fault(SLUG, "unavailable", count=None, path="Demographics")
    assert own_api.get(PAGE).ok
    assert own_api.get("Custom/1/Demographics/Name/1/1").status_code == 503
    own_sandbox.clear_faults(SLUG)
    assert own_api.get("Custom/1/Demographics/Name/1/1").ok


def test_the_login_fails_only_where_the_fault_names_it(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.fault(SLUG, "server_error_html", count=None)
    assert own_api.token().ok
    own_sandbox.fault(SLUG, "unavailable", path="oauth/token")
    assert own_api.token().status_code == 503


def test_every_kind_is_described_and_an_unknown_one_refused(api: ApiCaller) -> None:
    assert set(DESCRIPTIONS) == set(FaultKind)
    with pytest.raises(UsageError, match="does not know"):
        parse_fault("meteor")
    assert _with(api, "meteor").status_code == 400


def test_the_docs_list_every_kind_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    assert all(f"| `{kind}` | {text} |" in page for kind, text in DESCRIPTIONS.items())
