"""The setup as the mission tells it: mail, verification, secret, first import, confirmation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from samegoal_sync.district import DistrictState
from samegoal_sync.districts.errors import WrongStep
from samegoal_sync.districts.monitoring.expiry import probe_expired
from samegoal_sync.districts.onboarding.mail_requests import take_up_requests
from samegoal_sync.districts.onboarding.onboarding_steps import (
    activate,
    complete,
    resume,
    suspend,
    verify,
)
from samegoal_sync.districts.onboarding.sandbox_secret import secret_from_sandbox
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import Actor, UsageError
from samegoal_sync.mail.mailbox import SUBJECT, incoming
from samegoal_sync.pipeline.first_import import import_and_confirm
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.qmlativ.errors import AccessExpired, AccessRefused, QmlativError
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.mail.mail_servers import (
    make_certificate,
    running_imap,
    running_smtp,
    why_no_dovecot,
)

KEY, SLUG = "samegoal-demographics", "fairview-isd"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox([SandboxDistrict(SLUG, "Fairview ISD", 80, seed=3)]) as running:
        running.create_access(SLUG, KEY)
        yield running


@pytest.fixture
def registered(registry: Registry, sandbox: Sandbox) -> Registry:
    sandbox.set_access_active(SLUG, KEY, True)
    registry.add(
        slug=SLUG,
        name="Fairview ISD",
        base_url=sandbox.base_url(SLUG),
        client_key=KEY,
        mail_domain="fairview.example",
        contacts=("office@fairview.example",),
        who="test",
    )
    return registry


def _origin(sandbox: Sandbox) -> str:
    return f"http://127.0.0.1:{sandbox.port}"


def _kinds(registry: Registry) -> list[str]:
    return [event.kind for event in reversed(events(registry.database_url, SLUG))]


@pytest.mark.slow
def test_from_the_districts_mail_to_the_confirmation(
    settings: Settings,
    database_url: str,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if reason := why_no_dovecot():
        pytest.skip(reason)
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_smtp(certificate, key) as smtp, running_imap(certificate, key) as imap:
        registry = Registry(
            Settings(
                home=settings.home,
                storage=settings.storage,
                smtp_url=smtp.url(),
                imap_url=imap.url,
                allow_loopback=True,
            ),
            database_url,
        )
        registry.add(
            slug=SLUG,
            name="Fairview ISD",
            base_url=sandbox.web_url(SLUG),  # as the district pastes it
            client_key=KEY,
            mail_domain="fairview.example",
            who="test",
        )
        imap.deliver(
            "request",
            "Authentication-Results: mx.samegoal.example; dmarc=pass "
            "header.from=fairview.example\nFrom: Tech <tech@fairview.example>\n"
            f"Subject: {SUBJECT}\nMessage-ID: <1@fairview.example>\n\n",
        )
        taken = take_up_requests(registry, incoming(imap.url), datetime.now(UTC))
        assert taken.requests == (SLUG,)
        verified = verify(registry, SLUG, "ann")
        assert verified.district.state is DistrictState.VERIFIED
        # What is to be done is read in a terminal of 80 columns, which cuts lines anywhere.
        assert max(map(len, f"Next: {verified.next_step}".splitlines())) <= 80
        secret = secret_from_sandbox(_origin(sandbox), registry.get(SLUG))
        done = complete(registry, SLUG, secret, "ann")
        assert done.district.state is DistrictState.CONNECTED
        assert done.entities
        first = import_and_confirm(registry, SLUG, "ann")
        assert first.active, first.message
        assert registry.get(SLUG).state is DistrictState.ACTIVE
        (mail,) = smtp.messages
    assert mail["To"] == "tech@fairview.example"
    assert mail["In-Reply-To"] == "<1@fairview.example>"
    assert mail["Subject"] == f"Re: {SUBJECT}"
    assert f"{first.counts['students_added']:,} students were imported" in mail.get_content()
    assert _kinds(registry) == [
        "added", "mail_received", "requested", "verified", "secret_stored", "connected",
        "active", "mail_sent",
    ]  # fmt: skip
    _assert_left_nowhere(secret.reveal(), settings, database_url)


def _assert_left_nowhere(secret: str, settings: Settings, database_url: str) -> None:
    """Greps all that a run leaves behind: every table's text, every file."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables "
            "where schemaname in ('samegoal', 'dagster', 'public')"
        ).fetchall()
        assert len(tables) > 20
        for (table,) in tables:
            row = connection.execute(
                f"select count(*) from {table} t where position(%s in t::text) > 0",  # type: ignore[arg-type]
                (secret,),
            ).fetchone()
            assert row == (0,), table
    for folder in (settings.home, settings.storage):
        for path in folder.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path


def test_what_is_wrong_is_reported_with_who_must_act(
    registered: Registry, sandbox: Sandbox
) -> None:
    with pytest.raises(AccessRefused):
        complete(registered, SLUG, Secret("wrong"), "ann")
    assert not registered.has_secret(SLUG)
    secret = secret_from_sandbox(_origin(sandbox), registered.get(SLUG))
    sandbox.set_access_active(SLUG, KEY, False)
    with pytest.raises(QmlativError) as caught:
        complete(registered, SLUG, secret, "ann")
    assert caught.value.actor is Actor.DISTRICT
    assert not registered.has_secret(SLUG)
    with pytest.raises(WrongStep):
        activate(registered, SLUG, "ann")


def test_an_expired_district_comes_back_once_its_access_is_extended(
    registered: Registry, sandbox: Sandbox
) -> None:
    secret = secret_from_sandbox(_origin(sandbox), registered.get(SLUG))
    complete(registered, SLUG, secret, "ann")
    registered.set_state(SLUG, DistrictState.EXPIRED, "nightly")
    sandbox.set_access_active(SLUG, KEY, False)
    assert probe_expired(registered) == []
    with pytest.raises((AccessExpired, AccessRefused)):
        verify(registered, SLUG, "ann")
    sandbox.set_access_active(SLUG, KEY, True)
    assert probe_expired(registered) == [SLUG]
    assert registered.get(SLUG).state is DistrictState.ACTIVE


def test_suspended_and_resumed_where_it_was(registered: Registry, sandbox: Sandbox) -> None:
    suspend(registered, SLUG, "ann", "summer")
    assert registered.get(SLUG).message == "summer"
    with pytest.raises(WrongStep):
        suspend(registered, SLUG, "ann", "again")
    assert resume(registered, SLUG, "ann").state is DistrictState.REQUESTED
    with pytest.raises(WrongStep):
        resume(registered, SLUG, "ann")
    complete(registered, SLUG, secret_from_sandbox(_origin(sandbox), registered.get(SLUG)), "ann")
    activate(registered, SLUG, "ann")
    suspend(registered, SLUG, "ann", "contract")
    assert registered.active() == []
    assert resume(registered, SLUG, "ann").state is DistrictState.ACTIVE


def test_only_a_sandbox_of_this_machine_is_asked_for_a_secret(
    registered: Registry, sandbox: Sandbox
) -> None:
    district = registered.get(SLUG)
    for url in ("https://skyward.example.com", "http://10.0.0.1:80", "http://127.0.0.1:1"):
        with pytest.raises(UsageError):
            secret_from_sandbox(url, district)
    registered.update(SLUG, who="test", client_key="other key/é")
    with pytest.raises(UsageError, match="no Integration Access"):
        secret_from_sandbox(_origin(sandbox), registered.get(SLUG))


def test_the_sandbox_finds_a_district_by_its_address_whatever_its_slug_is_here(
    registered: Registry, sandbox: Sandbox
) -> None:
    registered.add(
        slug="called-otherwise", name="Called otherwise", base_url=sandbox.base_url(SLUG),
        client_key="another-key", who="test",
    )  # fmt: skip
    sandbox.create_access(SLUG, "another-key")
    assert secret_from_sandbox(_origin(sandbox), registered.get("called-otherwise")).reveal()


def _command(
    settings: Settings, database_url: str, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "samegoal_sync.cli", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "DAGSTER_HOME": str(settings.home),
            "SAMEGOAL_SYNC_STORAGE": str(settings.storage),
            "SAMEGOAL_SYNC_DATABASE_URL": database_url,
            "SAMEGOAL_SYNC_ALLOW_LOOPBACK": "1",
        },
    )


@pytest.mark.slow
def test_the_commands_from_add_to_remove(
    settings: Settings, database_url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return _command(settings, database_url, *arguments, stdin=stdin)

    sandbox.set_access_active(SLUG, KEY, True)
    added = run(
        "districts", "add", SLUG, "--name", "Fairview ISD", "--base-url",
        sandbox.base_url(SLUG), "--client-key", KEY, "--json",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["state"] == "requested"
    assert run("districts", "add", SLUG, "--name", "x").returncode == 2
    assert run("districts", "show", "nobody").returncode == 2
    changed = run("districts", "change", SLUG, "--setting", 'notify=["held"]', "--json")
    assert json.loads(changed.stdout)["settings"] == {"notify": ["held"]}, changed.stderr
    assert run("districts", "change", SLUG, "--setting", "notify=held").returncode == 2
    assert run("districts", "change", SLUG, "--setting", 'notfy=["held"]').returncode == 2
    wrong = run("districts", "complete", SLUG, stdin="not-the-secret\n")
    assert wrong.returncode == 1
    assert "hint:" in wrong.stderr
    assert "not-the-secret" not in wrong.stderr + wrong.stdout
    done = run("districts", "complete", SLUG, "--from-sandbox", _origin(sandbox))
    assert done.returncode == 0, done.stderr
    assert "active" in done.stderr
    masked = json.loads(run("districts", "show", SLUG, "--json").stdout)
    assert masked["client_secret"] == "********"
    shown = json.loads(run("districts", "show", SLUG, "--reveal", "--json").stdout)
    assert len(shown["client_secret"]) > 20
    assert shown["history"][0]["kind"] == "secret_revealed"
    status = run("status")
    assert (status.returncode, SLUG in status.stdout) == (0, True), status.stderr
    assert "\x1b" not in status.stdout
    refused = run("districts", "remove", SLUG, "--yes")
    assert refused.returncode == 2
    gone = run("districts", "remove", SLUG, "--yes", "--export-to", str(tmp_path / "last"))
    assert gone.returncode == 0, gone.stderr
    assert (tmp_path / "last" / "students.csv").stat().st_size > 1000
    assert json.loads(run("districts", "list", "--json").stdout) == []
    assert not list(settings.storage.rglob("*.parquet"))
    with dagster_instance(settings, database_url) as instance:
        assert instance.get_dynamic_partitions("district") == []
