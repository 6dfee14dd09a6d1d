"""``samegoal-sync preview`` reads the district, curates and compares, and publishes nothing."""

from __future__ import annotations

import json
from datetime import date

import pytest

from samegoal_sync.cli import main
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.sandbox import SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.samegoal.invented_nights import connection_of

_SLUG = "lakewood-isd"


def test_a_new_districts_first_night_is_previewed(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("SAMEGOAL_SYNC_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", database_url)
    district = SandboxDistrict(_SLUG, "Lakewood ISD", 60, today=date.today())
    with running_sandbox([district]) as sandbox:
        sandbox.create_access(_SLUG, key="preview-key")
        registry = Registry(Settings.from_environment(), database_url)
        registry.add(
            who="test",
            slug=_SLUG,
            name="Lakewood ISD",
            base_url=sandbox.base_url(_SLUG),
            client_key="preview-key",
        )
        registry.store_secret(_SLUG, Secret(sandbox.generate_secret(_SLUG, "preview-key")), "test")
        with pytest.raises(SystemExit) as end:
            main(["preview", _SLUG, "--json"])
    assert end.value.code == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["counts"]["students_added"] > 40
    assert shown["counts"]["guardians_added"] > 40
    assert {change["kind"] for change in shown["changes"]} == {"added"}
    with connection_of(database_url) as connection:
        assert connection.execute("select count(*) from students").fetchone() == (0,)
        assert connection.execute("select count(*) from syncs").fetchone() == (0,)
