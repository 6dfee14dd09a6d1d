"""Delivery against OpenSSH's own server on loopback, cut off half-way too."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samegoal_sync.errors import SettingError
from samegoal_sync.samegoal.delivery.csv_files import Files
from samegoal_sync.samegoal.delivery.sftp import Destination, deliver
from samegoal_sync.samegoal.errors import DeliveryError, TransientDeliveryError
from samegoal_sync.settings import Settings
from samegoal_sync_tests.samegoal.sshd import (
    cut_after,
    free_port,
    key,
    known_host,
    needs_sshd,
    running_sshd,
)

pytestmark = needs_sshd
_MOMENT = datetime(2026, 11, 24, 2, 30, 5, tzinfo=UTC)
_FILES = Files(b"Student Id\r\nS1\r\n", b"Student Id\r\n", 1, 0)


@pytest.fixture
def destination(tmp_path: Path) -> Iterator[Destination]:
    with running_sshd(tmp_path) as running:
        yield running


def _loads(destination: Destination) -> dict[str, set[str]]:
    return {
        load.name: {path.name for path in load.iterdir()}
        for load in sorted(Path(destination.folder).iterdir())
    }


def test_a_load_is_a_folder_with_both_files_and_complete(destination: Destination) -> None:
    folder = deliver(destination, _FILES, _MOMENT)
    assert folder == f"{destination.folder}/20261124-023005"
    assert _loads(destination) == {"20261124-023005": {"students.csv", "guardians.csv", "COMPLETE"}}
    assert (Path(folder) / "students.csv").read_bytes() == _FILES.students
    assert (Path(folder) / "COMPLETE").read_bytes() == b""


def test_a_second_load_in_the_same_second_has_its_own_folder(destination: Destination) -> None:
    deliver(destination, _FILES, _MOMENT)
    deliver(destination, _FILES, _MOMENT)
    assert list(_loads(destination)) == ["20261124-023005", "20261124-023006"]


def test_a_load_cut_off_half_way_is_never_completed(
    destination: Destination, tmp_path: Path
) -> None:
    files = replace(_FILES, students=b"x" * 8_000_000)
    with cut_after(destination.port, 2_000_000) as port:
        known = tmp_path / "known_too"
        known.write_text(known_host(port, tmp_path / "host"))
        with pytest.raises(TransientDeliveryError, match="without COMPLETE nothing"):
            deliver(replace(destination, port=port, known_hosts=known), files, _MOMENT)
    assert _loads(destination) == {"20261124-023005": {"students.csv"}}
    deliver(destination, files, _MOMENT)
    loads = _loads(destination)
    assert "COMPLETE" not in loads["20261124-023005"]
    assert "COMPLETE" in loads["20261124-023006"]


def test_an_unknown_or_other_host_key_is_refused(destination: Destination, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger_hosts"
    for text in ("", known_host(destination.port, key(tmp_path / "other"))):
        stranger.write_text(text)
        with pytest.raises(DeliveryError, match="not the one in known_hosts"):
            deliver(replace(destination, known_hosts=stranger), _FILES, _MOMENT)
    assert _loads(destination) == {}


def test_another_key_is_refused_without_asking_for_a_password(
    destination: Destination, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError, match="did not accept the key") as refused:
        deliver(replace(destination, key=key(tmp_path / "wrong")), _FILES, _MOMENT)
    assert not refused.value.transient


def test_lines_of_others_in_known_hosts_are_passed_over(
    destination: Destination, tmp_path: Path
) -> None:
    other = key(tmp_path / "other").with_suffix(".pub").read_text().split()[1]
    destination.known_hosts.write_bytes(
        b"@cert-authority *.example.org ssh-ed25519 " + other.encode() + b" the authority\n"
        b"# J\xfcrgen's list\n"
        b"files.example.org ssh-ed25519 " + other.encode() + b" J\xfcrgen\n"
        b"half.example.org ssh-ed25519\n"
        b"worse.example.org ssh-ed25519 not*base64\n"
        b"new.example.org ssh-of-tomorrow AAAA\n\n"
        + known_host(destination.port, tmp_path / "host").encode()
    )
    deliver(destination, _FILES, _MOMENT)
    assert _loads(destination)


def test_a_hashed_line_of_the_host_counts(destination: Destination) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-H", "-f", str(destination.known_hosts)], check=True, timeout=30
    )
    assert "127.0.0.1" not in destination.known_hosts.read_text()
    deliver(destination, _FILES, _MOMENT)


@pytest.mark.parametrize("marker", ["@cert-authority", "@revoked"])
def test_the_hosts_key_under_a_marker_is_not_trusted(
    destination: Destination, tmp_path: Path, marker: str
) -> None:
    line = known_host(destination.port, tmp_path / "host")
    lines = (
        f"{marker} {line}"
        if marker == "@cert-authority"
        else f"{line}{marker} * {line[line.index(' ') :]}"
    )
    destination.known_hosts.write_text(lines)
    with pytest.raises(DeliveryError, match="not the one in known_hosts"):
        deliver(destination, _FILES, _MOMENT)


_PPK = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: account\n"


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (_PPK, r"account\.ppk is a key in PuTTY's form", "puttygen"),
        ("ssh-ed25519 AAAA account\n", "is a public key", "name the private key"),
        ("-----BEGIN PUBLIC KEY-----\n", "is a public key", "name the private key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\n", "is a public key", "name the private key"),
        ("-----BEGIN CERTIFICATE-----\n", "is a certificate", "ssh-keygen"),
        ("hello\n", "is no private key that can be read", "ssh-keygen"),
        ("", "is empty", "ssh-keygen"),
    ],
)
def test_a_wrong_key_file_is_permanent_and_said_to_be_what_it_is(
    destination: Destination, tmp_path: Path, content: str, words: str, remedy: str
) -> None:
    wrong = tmp_path / "account.ppk"
    wrong.write_text(content)
    with pytest.raises(DeliveryError, match=words) as refused:
        deliver(replace(destination, key=wrong), _FILES, _MOMENT)
    assert remedy in refused.value.hint
    assert not refused.value.transient


def test_a_key_with_a_passphrase_is_said_to_have_one(
    destination: Destination, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "hush-hush", "-f", str(locked)],
        check=True, timeout=30,
    )  # fmt: skip
    with pytest.raises(DeliveryError, match="with a passphrase") as refused:
        deliver(replace(destination, key=locked), _FILES, _MOMENT)
    assert "ssh-keygen -p" in refused.value.hint


def test_a_pkcs8_key_is_converted_by_the_command_of_the_hint(
    destination: Destination, tmp_path: Path
) -> None:
    other = tmp_path / "account.pem"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-m", "PKCS8", "-N", "", "-f", str(other)],
        check=True, timeout=60,
    )  # fmt: skip
    with (tmp_path / "user.pub").open("a") as accepted:
        accepted.write((tmp_path / "account.pem.pub").read_text())
    with pytest.raises(DeliveryError, match="PKCS#8") as refused:
        deliver(replace(destination, key=other), _FILES, _MOMENT)
    subprocess.run(refused.value.hint.partition(": ")[2], shell=True, check=True, timeout=30)
    deliver(replace(destination, key=tmp_path / "account.openssh"), _FILES, _MOMENT)


@pytest.mark.parametrize(
    "options", [("rsa", "-m", "PEM"), ("ecdsa", "-m", "PEM"), ("rsa",), ("ecdsa",)]
)
def test_keys_in_the_forms_that_openssh_writes_are_read(
    destination: Destination, tmp_path: Path, options: tuple[str, ...]
) -> None:
    other = tmp_path / "account"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", *options, "-N", "", "-f", str(other)], check=True, timeout=60
    )
    with (tmp_path / "user.pub").open("a") as accepted:
        accepted.write(other.with_suffix(".pub").read_text())
    deliver(replace(destination, key=other), _FILES, _MOMENT)


def test_a_folder_that_is_not_there_is_reported(destination: Destination) -> None:
    with pytest.raises(DeliveryError, match="can't be written"):
        deliver(replace(destination, folder="/nowhere-at-all"), _FILES, _MOMENT)


def test_a_server_that_is_not_there_is_transient(destination: Destination) -> None:
    with pytest.raises(TransientDeliveryError):
        deliver(replace(destination, port=free_port()), _FILES, _MOMENT)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "SFTP_URL is not set"),
        ("https://user@host", "not an SFTP address"),
        ("sftp://user:password@host", "not an SFTP address"),
        ("sftp://user@host:port", "not an SFTP address"),
        ("sftp://user@host", "SFTP_KEY is not set"),
    ],
)
def test_wrong_settings_are_reported(tmp_path: Path, url: str | None, words: str) -> None:
    settings = Settings(home=tmp_path, storage=tmp_path, sftp_url=url)
    with pytest.raises(SettingError, match=words):
        Destination.from_settings(settings, "fairview")


def test_settings_name_the_destination(tmp_path: Path) -> None:
    for name in ("key", "hosts"):
        (tmp_path / name).touch()
    settings = Settings(
        home=tmp_path,
        storage=tmp_path,
        sftp_url="sftp://fairview@files.example.org:2222",
        sftp_key=str(tmp_path / "key"),
        sftp_known_hosts=str(tmp_path / "hosts"),
    )
    found = Destination.from_settings(settings, "fairview")
    assert (found.user, found.host, found.port, found.folder) == (
        "fairview",
        "files.example.org",
        2222,
        "/upload",
    )


def test_each_district_has_an_account_of_its_own(tmp_path: Path) -> None:
    for name in ("fairview.key", "hosts"):
        (tmp_path / name).touch()
    settings = Settings(
        home=tmp_path,
        storage=tmp_path,
        sftp_url="sftp://{district}@files.example.org",
        sftp_key=str(tmp_path / "{district}.key"),
        sftp_known_hosts=str(tmp_path / "hosts"),
    )
    found = Destination.from_settings(settings, "fairview")
    assert (found.user, found.key) == ("fairview", tmp_path / "fairview.key")
    with pytest.raises(SettingError, match="SFTP_KEY names no file"):
        Destination.from_settings(settings, "ridgemont")
