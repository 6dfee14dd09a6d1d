"""The token address and the life of an Integration Access, over HTTP."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox import Sandbox
from samegoal_sync.sandbox.server.integration_access import a_year_after
from samegoal_sync_tests.sandbox.api_caller import ApiCaller
from samegoal_sync_tests.sandbox.conftest import SLUG, TODAY

METADATA = "Custom/GetSystemMetadata"


def test_a_form_by_post_gets_a_bearer_token(api: ApiCaller) -> None:
    answer = api.token()
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert 1_200 <= answer.json()["expires_in"] <= 3_600


def test_basic_by_get_gets_a_token(api: ApiCaller) -> None:
    answer = requests.get(
        f"{api.base}/oauth/token",
        params={"grant_type": "client_credentials"},
        auth=(api.key, api.secret),
        timeout=10,
    )
    assert answer.status_code == 200


def test_a_vendors_gateway_path_gets_a_token(api: ApiCaller) -> None:
    form = {"grant_type": "client_credentials", "client_id": api.key, "client_secret": api.secret}
    assert requests.post(f"{api.base}/gateway/K1/oauth/token", data=form, timeout=10).ok


def test_the_project_own_login_library_works(
    api: ApiCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    session = OAuth2Session(client=BackendApplicationClient(client_id=api.key))
    session.fetch_token(f"{api.base}/oauth/token", client_secret=api.secret, include_client_id=True)
    assert session.get(f"{api.base}/{METADATA}", timeout=10).ok


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_login_is_refused(api: ApiCaller, changes: dict[str, str], error: str) -> None:
    answer = api.token(**changes)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_no_secret_works_before_the_vendor_generated_one(own_sandbox: Sandbox) -> None:
    own_sandbox.create_access(SLUG, "NEW")
    form = {"grant_type": "client_credentials", "client_id": "NEW", "client_secret": ""}
    assert (
        requests.post(
            f"{own_sandbox.base_url(SLUG)}/oauth/token", data=form, timeout=10
        ).status_code
        == 400
    )


def test_a_new_secret_ends_the_old_one(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    own_sandbox.generate_secret(SLUG, own_api.key)
    assert own_api.token().status_code == 400


def test_an_extra_field_is_demanded_where_the_vendor_keeps_one(own_sandbox: Sandbox) -> None:
    own_sandbox.create_access(SLUG, "EXTRA", token_field=("vendor_key", "v1"))
    form = {
        "grant_type": "client_credentials",
        "client_id": "EXTRA",
        "client_secret": own_sandbox.generate_secret(SLUG, "EXTRA"),
    }
    address = f"{own_sandbox.base_url(SLUG)}/oauth/token"
    assert requests.post(address, data=form, timeout=10).status_code == 400
    assert requests.post(address, data={**form, "vendor_key": "v1"}, timeout=10).ok


def test_an_access_expires_and_can_be_extended_or_freed(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.set_today(SLUG, TODAY + timedelta(days=366))
    assert own_api.get(METADATA).status_code == 403
    refused = own_api.token()
    assert refused.status_code == 403
    assert "expired on 2027-11-25" in refused.json()["error_description"]
    own_sandbox.extend_access(SLUG, own_api.key, date(2028, 11, 25))
    assert own_api.get(METADATA).ok
    own_sandbox.set_today(SLUG, date(2035, 1, 1))
    own_sandbox.extend_access(SLUG, own_api.key, None)
    assert own_api.get(METADATA).ok


def test_an_access_works_from_its_effective_date(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    own_sandbox.set_today(SLUG, TODAY - timedelta(days=1))
    assert own_api.token().status_code == 403


def test_an_inactive_access_is_refused_until_active_again(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.set_access_active(SLUG, own_api.key, False)
    assert own_api.get(METADATA).status_code == 403
    own_sandbox.set_access_active(SLUG, own_api.key, True)
    assert own_api.get(METADATA).ok


def test_an_access_for_oauth_1_only_is_refused(own_sandbox: Sandbox) -> None:
    own_sandbox.create_access(SLUG, "OLD", authentication="OAuth 1.0")
    form = {
        "grant_type": "client_credentials",
        "client_id": "OLD",
        "client_secret": own_sandbox.generate_secret(SLUG, "OLD"),
    }
    assert (
        requests.post(
            f"{own_sandbox.base_url(SLUG)}/oauth/token", data=form, timeout=10
        ).status_code
        == 403
    )


def test_a_key_is_unique_and_an_entity_is_ticked(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    with pytest.raises(UsageError, match="Key exists"):
        own_sandbox.create_access(SLUG, own_api.key)
    with pytest.raises(UsageError, match="No entity"):
        own_sandbox.create_access(SLUG, "EMPTY", entities=frozenset())


def test_tokens_expire_with_the_words_that_qmlativ_uses(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    own_sandbox.system(SLUG).expire_tokens()
    answer = own_api.get(METADATA)
    assert answer.status_code == 401
    assert "Token has expired" in answer.text
    own_api.log_in()
    assert own_api.get(METADATA).ok


def test_no_token_or_a_made_up_one_is_refused(api: ApiCaller) -> None:
    assert requests.get(f"{api.base}/{METADATA}", timeout=10).status_code == 401
    assert api.get(METADATA, headers={"Authorization": "Bearer made-up"}).status_code == 401


def test_a_year_after_a_leap_day_is_a_day() -> None:
    assert a_year_after(date(2028, 2, 29)) == date(2029, 2, 28)
    assert a_year_after(date(2026, 11, 25)) == date(2027, 11, 25)
