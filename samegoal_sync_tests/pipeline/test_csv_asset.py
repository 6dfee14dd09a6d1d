"""The asset ``samegoal/csv``: files handed to a real SSH server after a night, or not at all."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob

from samegoal_sync import definitions
from samegoal_sync.district import DateRange, DistrictSettings
from samegoal_sync.districts.monitoring.digest import digest
from samegoal_sync.districts.monitoring.district_status import DistrictStatus, overall_status
from samegoal_sync.districts.monitoring.worst_problem import Severity
from samegoal_sync.samegoal.delivery.csv_files import render
from samegoal_sync.samegoal.delivery.sftp import Destination
from samegoal_sync.settings import (
    SFTP_KEY_VARIABLE,
    SFTP_KNOWN_HOSTS_VARIABLE,
    SFTP_VARIABLE,
)
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.court_order import a_pair, restrict
from samegoal_sync_tests.samegoal.sshd import cut_after, known_host, needs_sshd, running_sshd

FAIRVIEW = SLUGS[0]
CSV = dg.AssetKey(["samegoal", "csv"])


@pytest.fixture
def destination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Destination]:
    """A running sshd that the environment names, with a key file a district."""
    with running_sshd(tmp_path) as running:
        running.key.rename(tmp_path / f"{FAIRVIEW}.key")
        monkeypatch.setenv(SFTP_KEY_VARIABLE, str(tmp_path / "{district}.key"))
        monkeypatch.setenv(SFTP_KNOWN_HOSTS_VARIABLE, str(running.known_hosts))
        monkeypatch.setenv(SFTP_VARIABLE, _url(running, running.port))
        _definitions_anew()
        yield running
    for name in (SFTP_VARIABLE, SFTP_KEY_VARIABLE, SFTP_KNOWN_HOSTS_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    _definitions_anew()


def _url(destination: Destination, port: int) -> str:
    return f"sftp://{destination.user}@127.0.0.1:{port}{destination.folder}"


def _loads(destination: Destination) -> list[set[str]]:
    folders = sorted(Path(destination.folder).iterdir())
    return [{path.name for path in folder.iterdir()} for folder in folders]


def _delivered(instance: dg.DagsterInstance) -> bool:
    return FAIRVIEW in instance.get_materialized_partitions(CSV)


def _definitions_anew() -> dg.Definitions:
    """The definitions as a code server loads them in this environment."""
    ReconstructableJob.get_definition.cache_clear()
    ReconstructableJob.get_repository_definition.cache_clear()
    return importlib.reload(definitions).defs


def test_without_sftp_the_asset_is_not_there_and_nothing_is_missing(
    world: World, instance: dg.DagsterInstance
) -> None:
    outcome = world.run()[0]
    assert outcome.state == "published"
    assert not outcome.needs_a_person
    materializable = {spec.key for spec in _definitions_anew().resolve_all_asset_specs()}
    assert CSV not in materializable
    made = {key for key in materializable if FAIRVIEW in instance.get_materialized_partitions(key)}
    assert made == materializable


@needs_sshd
def test_a_night_hands_over_what_it_published(
    world: World, instance: dg.DagsterInstance, destination: Destination
) -> None:
    assert not world.run()[0].needs_a_person
    (folder,) = Path(destination.folder).iterdir()
    files = render(world.database_url, FAIRVIEW).by_name
    assert {path.name for path in folder.iterdir()} == {*files, "COMPLETE"}
    assert all((folder / name).read_bytes() == content for name, content in files.items())
    assert _delivered(instance)


@needs_sshd
def test_a_delivery_that_broke_off_is_tried_again_in_a_new_folder(
    world: World,
    instance: dg.DagsterInstance,
    destination: Destination,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with cut_after(destination.port, 12_000) as port:
        destination.known_hosts.write_text(known_host(port, tmp_path / "host"))
        monkeypatch.setenv(SFTP_VARIABLE, _url(destination, port))
        assert not world.run()[0].needs_a_person
    *broken, whole = _loads(destination)
    assert all("COMPLETE" not in names for names in broken)
    assert "COMPLETE" in whole
    assert _delivered(instance)


@needs_sshd
def test_a_refused_delivery_fails_its_own_asset_only(
    world: World, instance: dg.DagsterInstance, destination: Destination
) -> None:
    destination.known_hosts.write_text("")
    outcome = world.run()[0]
    assert outcome.state == "published"
    assert outcome.undelivered
    assert outcome.needs_a_person
    assert "known_hosts" in (outcome.message or "")
    assert outcome.hint
    assert len(world.published()) == outcome.counts["students_added"]
    assert FAIRVIEW in instance.get_materialized_partitions(dg.AssetKey(["samegoal", "students"]))
    run = instance.get_run_by_id(outcome.run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/max_retries"] == "0"
    assert not _delivered(instance)
    assert _loads(destination) == []


def _status(world: World) -> DistrictStatus:
    found = overall_status(world.database_url, datetime.now(UTC))
    return next(one for one in found if one.slug == FAIRVIEW)


@needs_sshd
def test_a_failed_delivery_stands_in_status_and_digest_until_one_goes_well(
    world: World, destination: Destination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SFTP_KEY_VARIABLE, str(tmp_path / "user.pub"))
    world.run()
    failed = _status(world)
    assert failed.severity is Severity.FAILING
    assert "was not delivered" in (failed.problem or "")
    assert "user.pub is a public key" in (failed.problem or "")
    assert failed.hint
    assert failed.actor == "SameGoal technical team"
    assert failed.problem in digest([failed])
    monkeypatch.setenv(SFTP_KEY_VARIABLE, str(tmp_path / "{district}.key"))
    world.run()
    assert not _status(world).needs_a_person
    assert len(_loads(destination)) == 1


@needs_sshd
def test_where_no_files_are_delivered_any_more_none_are_missing(
    world: World, destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination.known_hosts.write_text("")
    world.run()
    assert _status(world).needs_a_person
    monkeypatch.delenv(SFTP_VARIABLE)
    _definitions_anew()
    world.run()
    assert not _status(world).needs_a_person


@needs_sshd
def test_a_paused_night_that_removes_a_guardian_hands_over_files_without_them(
    world: World, destination: Destination, restrictions: pl.DataFrame
) -> None:
    world.run()
    pair = a_pair(world)
    today = datetime.now(UTC).date()
    paused = DateRange(today - timedelta(days=1), today + timedelta(days=1))
    world.registry.update(FAIRVIEW, who="test", settings=DistrictSettings(paused=paused))
    assert world.run()[0].state == "paused"
    assert len(_loads(destination)) == 1, "nothing changed, nothing is delivered"
    restrict(world, restrictions, pair)
    assert world.run()[0].counts["guardians_removed"] == 1
    before, after = (
        (folder / "guardians.csv").read_text().splitlines()
        for folder in sorted(Path(destination.folder).iterdir())
    )
    (gone,) = set(before) - set(after)
    assert gone.startswith(pair[0])
    assert set(after) < set(before)
