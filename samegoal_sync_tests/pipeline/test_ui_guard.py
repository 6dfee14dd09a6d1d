"""No other web page commands the Dagster UI, and the UI works: a real web server, a browser."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect as open_socket

from samegoal_sync.commands.child_programs import running_program, wait_until_listening
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync_tests.browser import running_browser
from samegoal_sync_tests.commands.command_line import free_ports
from samegoal_sync_tests.pipeline.conftest import World

pytestmark = pytest.mark.slow

_QUERY = json.dumps({"query": "{ version }"})
_JSON = {"content-type": "application/json"}


@pytest.fixture
def port(world: World) -> Iterator[int]:
    """The web server as ``dev`` starts it, without the daemon."""
    (port,) = free_ports(1)
    log = world.settings.home / "output" / "webserver.log"
    with running_program(
        ("-m", "samegoal_sync.pipeline.guarded_webserver", "-w",
         str(CHECKOUT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)),
        {**pipeline_environment(world.settings, world.database_url),
         "SAMEGOAL_SYNC_DAGSTER_UI_URL": "https://dagster.example"},
        log,
    ) as program:  # fmt: skip
        wait_until_listening(program, port, "Dagster UI", log)
        yield port


def _status(port: int, method: str, path: str, body: str | None = None, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"host": f"127.0.0.1:{port}", **names})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def _opens(port: int, origin: str | None) -> bool:
    try:
        with open_socket(
            f"ws://127.0.0.1:{port}/graphql", origin=origin, subprotocols=["graphql-ws"]
        ):
            return True
    except WebSocketException:
        return False


def _works(page: Page, port: int) -> None:
    """The UI shows assets and automation, and its own commands arrive."""
    for path, shown in (("assets", "student_demographics"), ("automation", "access_expiry")):
        page.goto(f"http://127.0.0.1:{port}/{path}", timeout=60_000)
        page.wait_for_selector(f"text={shown}", state="attached", timeout=60_000)
    status = page.evaluate(
        """async () => (await fetch('/graphql', {
            method: 'POST',
            body: JSON.stringify({query: 'mutation { __typename }'}),
            headers: {'content-type': 'application/json'},
        })).status"""
    )
    assert status == 200


def test_forged_requests_are_refused_and_the_ui_works(port: int) -> None:
    own = f"http://127.0.0.1:{port}"
    mutation = "/graphql?query=mutation%7BstopRunningSchedule%7D"
    check = "/report_asset_check/qmlativ?check_name=x&passed=true"
    # What a form or a script of another page sends.
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ):
        assert _status(port, "POST", "/graphql", _QUERY, **headers, **_JSON) == 403, headers
        assert _status(port, "POST", check, "", **headers) == 403, headers
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert _status(port, "POST", mutation, "", **form) == 403
    assert _status(port, "POST", mutation, "") == 403
    assert _status(port, "GET", mutation) == 403
    # A name that leads here, and names that are its own.
    assert _status(port, "GET", "/", host="evil.example") == 403
    assert _status(port, "GET", "/server_info", host="dagster.example") == 200
    assert _status(port, "GET", "/server_info", host=f"localhost:{port}") == 200
    # What the UI itself sends, and a program.
    assert _status(port, "POST", "/graphql", _QUERY, origin=own, sec_fetch_site="same-origin",
                   **_JSON) == 200  # fmt: skip
    assert _status(port, "POST", "/graphql", _QUERY, **_JSON) == 200
    assert _opens(port, own)
    assert _opens(port, None)
    assert not _opens(port, "https://evil.example")
    with running_browser() as browser, browser.new_context() as context:
        page = context.new_page()
        refused: list[str] = []
        page.on(
            "response", lambda answer: refused.append(answer.url) if answer.status == 403 else None
        )
        _works(page, port)
        assert refused == []
