"""Token fields and headers: as good as secrets, so encrypted, masked, and sealed to their place."""

from __future__ import annotations

import dataclasses
import json

import pytest
from cryptography.fernet import Fernet

from samegoal_sync.cli import main
from samegoal_sync.database import connect
from samegoal_sync.database.migrate import migrate
from samegoal_sync.districts.errors import SecretKeyError
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.removal import retire_district
from samegoal_sync.secret import Secret

_VALUE = "hunter2-subscription"


@pytest.fixture
def with_parameters(registry: Registry, fairview: str) -> str:
    registry.store_secret(fairview, Secret("s3cr3t"), "ann")
    registry.update(
        fairview,
        who="ann",
        headers={"X-Subscription": _VALUE},
        token_fields={"vendor_secret": f"{_VALUE} 2"},
    )
    return fairview


def _every_value(registry: Registry) -> str:
    """All that the database holds of the registry, as text."""
    with connect(registry.database_url) as connection:
        return "".join(
            str(connection.execute(f"select * from {table}").fetchall())
            for table in ("districts", "district_secrets", "district_parameters", "district_events")
        )


def test_the_client_gets_the_values_and_nobody_else_sees_them(
    registry: Registry, with_parameters: str
) -> None:
    connection = registry.connection(with_parameters)
    assert connection.headers == {"X-Subscription": _VALUE}
    assert connection.token_fields == {"vendor_secret": f"{_VALUE} 2"}
    district = registry.get(with_parameters)
    assert (district.headers, district.token_fields) == (("X-Subscription",), ("vendor_secret",))
    assert _VALUE not in repr(connection) + repr(district) + _every_value(registry)
    assert (
        events(registry.database_url, with_parameters)[0].what
        == "headers: changed; token fields: changed"
    )


def test_they_are_given_when_a_district_is_added(registry: Registry) -> None:
    registry.add(
        slug="oak", name="Oak", base_url="https://a.example/OakAPI", client_key="k", who="ann",
        headers={"X-A": _VALUE},
    )  # fmt: skip
    registry.store_secret("oak", Secret("s"), "ann")
    assert registry.connection("oak").headers == {"X-A": _VALUE}


def test_others_take_their_place(registry: Registry, with_parameters: str) -> None:
    registry.update(with_parameters, who="ann", headers={"X-Other": "1"}, token_fields={})
    connection = registry.connection(with_parameters)
    assert (connection.headers, connection.token_fields) == ({"X-Other": "1"}, {})


def test_a_value_moved_to_another_name_is_refused(registry: Registry, with_parameters: str) -> None:
    with connect(registry.database_url) as connection:
        connection.execute("update district_parameters set name = 'X-Echo' where kind = 'header'")
    with pytest.raises(SecretKeyError, match="belongs to another"):
        registry.connection(with_parameters)


def test_a_rotation_of_keys_takes_them_along(registry: Registry, with_parameters: str) -> None:
    new = Fernet.generate_key().decode()
    settings = dataclasses.replace(registry.settings, secret_keys=(new,))
    assert Registry(settings, registry.database_url).reencrypt_secrets() == 3
    (registry.settings.home / "secret.key").unlink()
    renewed = Registry(settings, registry.database_url).connection(with_parameters)
    assert renewed.headers == {"X-Subscription": _VALUE}


def test_a_retired_district_leaves_none_behind(registry: Registry, with_parameters: str) -> None:
    retire_district(registry, lambda _slug: None, with_parameters, "ann")
    assert registry.get(with_parameters).headers == ()


@pytest.mark.parametrize("seal", ["the next read", "reencrypt"])
def test_an_upgrade_seals_what_stood_in_the_open(
    seal: str, registry: Registry, database_url: str
) -> None:
    with connect(database_url, autocommit=True) as connection:
        connection.execute("drop schema samegoal cascade")
    migrate(database_url, to="0008")
    with connect(database_url) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key, headers) values "
            "('oak', 'Oak', 'active', 'https://a.example/OakAPI', 'k', %s)",
            (json.dumps({"X-A": _VALUE, "X-B": "b"}),),
        )
    migrate(database_url)
    assert registry.get("oak").headers == ("X-A", "X-B")
    registry.store_secret("oak", Secret("s"), "ann")
    if seal == "reencrypt":
        assert registry.reencrypt_secrets() == 3
    else:
        registry.connection("oak")
    assert _VALUE not in _every_value(registry)
    assert registry.connection("oak").headers == {"X-A": _VALUE, "X-B": "b"}


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_commands_show_names_and_a_mask(
    option: list[str],
    registry: Registry,
    with_parameters: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(registry.settings.home))
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", registry.database_url)
    with pytest.raises(SystemExit) as end:
        main(["districts", "show", with_parameters, *option])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert _VALUE not in shown
    if option:
        printed = json.loads(shown)
        assert printed["headers"] == {"X-Subscription": "********"}
        assert printed["token_fields"] == {"vendor_secret": "********"}
    else:
        assert "X-Subscription ********" in shown
