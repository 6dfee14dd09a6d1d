"""The pages and admin addresses: a district's steps from nothing to a working access."""

from __future__ import annotations

import re

import pytest
import requests

from samegoal_sync.sandbox import Sandbox
from samegoal_sync_tests.sandbox.api_caller import ApiCaller
from samegoal_sync_tests.sandbox.conftest import SLUG


def _admin(sandbox: Sandbox, path: str) -> str:
    return f"http://127.0.0.1:{sandbox.port}/sandbox/{SLUG}/{path}"


def test_the_steps_of_a_district_lead_to_an_access_that_works(own_sandbox: Sandbox) -> None:
    web = own_sandbox.web_url(SLUG)
    assert web.endswith("/FairviewIsdSTS")
    form = {
        "key": "SG-PAGE",
        "name": "SameGoal",
        "authentication": "OAuth 2.0",
        "entities": ["1", "101"],
        "effective": "2026-11-25",
        "expires": "2027-11-25",
    }
    assert requests.post(f"{web}/integration/add", data=form, timeout=10).ok
    page = requests.post(f"{web}/integration/secret", data={"key": "SG-PAGE"}, timeout=10).text
    secret = re.search(r"shown this once: <code>(.*?)</code>", page)
    assert secret
    shown = secret[1].replace("&amp;", "&").replace("&#43;", "+")
    assert secret[1] not in requests.get(f"{web}/integration", timeout=10).text
    login = {"grant_type": "client_credentials", "client_id": "SG-PAGE", "client_secret": shown}
    assert requests.post(f"{own_sandbox.base_url(SLUG)}/oauth/token", data=login, timeout=10).ok


@pytest.mark.parametrize(
    ("step", "expected"),
    [("extend", "2028-11-25"), ("no-expiry", "<td>none</td>"), ("deactivate", "is not active")],
)
def test_the_buttons_of_a_record_do_what_they_say(
    own_sandbox: Sandbox, own_api: ApiCaller, step: str, expected: str
) -> None:
    page = requests.post(
        f"{own_sandbox.web_url(SLUG)}/integration/{step}", data={"key": own_api.key}, timeout=10
    )
    assert expected in page.text


def test_a_mistake_in_the_form_is_reported_on_the_form(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    address = f"{own_sandbox.web_url(SLUG)}/integration/add"
    taken = {"key": own_api.key, "name": "x", "entities": "1", "effective": "2026-11-25"}
    assert "choose another Key" in requests.post(address, data=taken, timeout=10).text
    odd = {"key": "NEW", "name": "x", "entities": "1", "effective": "soon"}
    assert "YYYY-MM-DD" in requests.post(address, data=odd, timeout=10).text


@pytest.mark.parametrize("page", ["", "/integration", "/integration/add", "/faults", "/log"])
def test_every_page_has_a_language_a_title_and_one_heading(
    own_sandbox: Sandbox, own_api: ApiCaller, page: str
) -> None:
    text = requests.get(f"{own_sandbox.web_url(SLUG)}{page}", timeout=10).text
    assert '<html lang="en">' in text
    assert text.count("<h1>") == 1
    assert "<script" not in text


def test_faults_are_set_and_cleared_on_their_page(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    address = f"{own_sandbox.web_url(SLUG)}/faults"
    requests.post(address, data={"kind": "unavailable", "count": ""}, timeout=10)
    assert own_api.get("Custom/GetSystemMetadata").status_code == 503
    requests.post(address, data={"clear": "1"}, timeout=10)
    assert own_api.get("Custom/GetSystemMetadata").ok
    assert "has a kind" in requests.post(address, data={"kind": "meteor"}, timeout=10).text


def test_a_day_passes_by_a_button(own_sandbox: Sandbox) -> None:
    text = requests.post(f"{own_sandbox.web_url(SLUG)}/advance", timeout=10).text
    assert "added: 1" in text
    assert own_sandbox.system(SLUG).days == 1


def test_the_admin_addresses_speak_json(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    record = requests.get(_admin(own_sandbox, "access"), timeout=10).json()[0]
    assert record["has_secret"] is True
    assert "secret_hash" not in record
    changes = requests.post(_admin(own_sandbox, "advance"), json={"days": 2}, timeout=10).json()
    assert changes["today"] == "2026-11-27"
    requests.post(_admin(own_sandbox, "today"), json={"today": "2030-01-01"}, timeout=10)
    assert own_api.token().status_code == 403
    assert requests.get(_admin(own_sandbox, "log"), timeout=10).json()[0]["method"] == "POST"
    faults = requests.post(_admin(own_sandbox, "faults"), json={"kind": "reset"}, timeout=10).json()
    assert faults[0]["kind"] == "reset"
    assert (
        requests.post(
            _admin(own_sandbox, "faults"), json={"kind": "meteor"}, timeout=10
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("advance", {"days": 0}),
        ("advance", {"days": "many"}),
        ("faults", {"kind": "slow", "seconds": "long"}),
        ("today", {"today": "soon"}),
        ("access", {"key": " "}),
        ("access/NOBODY/extend", {}),
    ],
)
def test_what_is_not_understood_is_400(
    own_sandbox: Sandbox, path: str, body: dict[str, object]
) -> None:
    assert requests.post(_admin(own_sandbox, path), json=body, timeout=10).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_other_sites_and_other_names_are_refused(
    own_sandbox: Sandbox, headers: dict[str, str]
) -> None:
    answer = requests.post(_admin(own_sandbox, "advance"), headers=headers, timeout=10)
    assert answer.status_code == 403
    assert own_sandbox.system(SLUG).days == 0
