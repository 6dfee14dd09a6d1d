"""The resources: what assets and sensors use for real, and what the UI is told of them."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

from samegoal_sync import definitions
from samegoal_sync.errors import SettingError
from samegoal_sync.pipeline import sensors
from samegoal_sync.pipeline.assets.qmlativ_assets import qmlativ
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.pipeline.io_managers import RawObjectsIOManager
from samegoal_sync.pipeline.resources import Database, Mail, Qmlativ
from samegoal_sync.settings import (
    DATABASE_VARIABLE,
    IMAP_VARIABLE,
    READ_DEADLINE_VARIABLE,
    SECRET_KEY_VARIABLE,
    SFTP_VARIABLE,
    SMTP_VARIABLE,
)
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]

#: Each with a password, and where it is used.
SECRETS = {
    DATABASE_VARIABLE: "postgresql://u:not-to-be-seen-1@db.example.com/samegoal",
    SECRET_KEY_VARIABLE: "not-to-be-seen-2",
    SFTP_VARIABLE: "sftp://u:not-to-be-seen-3@sftp.example.com/in",
    SMTP_VARIABLE: "smtps://u:not-to-be-seen-4@mail.example.com?from=a@example.com",
    IMAP_VARIABLE: "imaps://u:not-to-be-seen-5@mail.example.com/INBOX?authserv=x",
}


# Of Dagster's own, when it describes a schedule.
@pytest.mark.filterwarnings("ignore:Property .*environment_vars:DeprecationWarning")
def test_the_resources_page_shows_variables_and_users_and_no_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("samegoal_sync.pipeline.nightly_schedule._hours_now", lambda: ())
    try:
        repository = importlib.reload(definitions).defs.get_repository_def()
        shown = RepositorySnap.from_def(repository)
    finally:
        for name in SECRETS:
            monkeypatch.delenv(name)
        importlib.reload(definitions)
    text = serialize_value(shown)
    assert "not-to-be-seen" not in text
    assert all(name in text for name in SECRETS)
    uses = {
        one.name: (
            {key.to_user_string() for key in one.asset_keys_using},
            {*one.sensors_using, *one.schedules_using},
        )
        for one in shown.resources or ()
    }
    raw = {"qmlativ/entities", "qmlativ/students", "qmlativ/guardians"}
    published = {"samegoal/students", "samegoal/guardians"}
    assert uses["qmlativ"][0] == raw
    assert uses["sftp"][0] == published | {"samegoal/csv"}
    assert uses["database"][0] >= raw | published
    assert uses["database"][1] >= {"nightly", "missed_nights", "decisions_on_held_nights"}
    assert uses["mail"][1] == {
        "mailbox",
        "post_run_processing",
        "access_expiry",
        "technical_digest",
    }


def test_an_asset_goes_by_its_resources_and_not_by_the_environment(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "postgresql://nobody@127.0.0.1:1/elsewhere")
    instance.add_dynamic_partitions("district", [FAIRVIEW])
    result = dg.materialize(
        [qmlativ],
        partition_key=FAIRVIEW,
        instance=instance,
        resources={
            "database": Database(url=world.database_url, secret_key=None),
            "qmlativ": Qmlativ(read_deadline_seconds="600"),
            "raw_objects": RawObjectsIOManager(),
        },
    )
    assert result.success
    with pytest.raises(SettingError, match=READ_DEADLINE_VARIABLE):
        Qmlativ(read_deadline_seconds="soon").client(world.registry, FAIRVIEW, datetime.now(UTC))


def test_a_sensor_goes_by_its_resources(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in pipeline_environment(world.settings, world.database_url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(IMAP_VARIABLE, "")
    there = Mail(
        smtp_url=None, webhook_url=None, imap_url="imaps://u:p@127.0.0.1:1/INBOX?authserv=x"
    )
    context = dg.build_sensor_context(
        resources={"database": Database(url=world.database_url, secret_key=None), "mail": there}
    )
    assert "127.0.0.1 could not be read" in str(sensors.mailbox(context).skip_message)
