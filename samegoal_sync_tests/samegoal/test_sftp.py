"""Delivery against OpenSSH's own server on loopback, cut off half-way too."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samegoal_sync.errors import SettingError
from samegoal_sync.samegoal.errors import DeliveryError, TransientDeliveryError
from samegoal_sync.samegoal.files import Files
from samegoal_sync.samegoal.sftp import Destination, deliver
from samegoal_sync.settings import Settings

_SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(
    _SSHD is None, reason="needs OpenSSH's server: apt-get install openssh-server"
)
_MOMENT = datetime(2026, 11, 24, 2, 30, 5, tzinfo=UTC)
_FILES = Files(b"Student Id\r\nS1\r\n", b"Student Id\r\n", 1, 0)


def _key(path: Path) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, timeout=30
    )
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def destination(tmp_path: Path) -> Iterator[Destination]:
    """A running sshd that takes one key, and its upload folder."""
    host_key, user_key = _key(tmp_path / "host"), _key(tmp_path / "user")
    upload, port = tmp_path / "upload", _free_port()
    upload.mkdir()
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\n"
        f"AuthorizedKeysFile {user_key}.pub\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitTTY no\n"
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n"
    )
    with suppress(OSError):
        Path("/run/sshd").mkdir(mode=0o755)  # sshd run by root asks for it
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen([_SSHD, "-D", "-e", "-f", config], stderr=log)
    try:
        _wait(port)
        known = tmp_path / "known_hosts"
        known.write_text(_known_host(port, host_key))
        yield Destination(
            "127.0.0.1", getpass.getuser(), user_key, known, port=port, folder=str(upload)
        )
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _known_host(port: int, host_key: Path) -> str:
    return f"[127.0.0.1]:{port} {host_key.with_suffix('.pub').read_text()}"


def _wait(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("sshd did not start")


@contextmanager
def _cut_after(port: int, sent: int) -> Iterator[int]:
    """A port in front of another that breaks the connection after so many bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def forward() -> None:
        with suppress(OSError):
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pump, args=(far, near, None), daemon=True).start()
            _pump(near, far, sent)
            for end in (near, far):
                end.close()

    worker = threading.Thread(target=forward, daemon=True)
    worker.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()
        worker.join(timeout=10)


def _pump(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while (limit is None or passed < limit) and (data := source.recv(16_384)):
            target.sendall(data)
            passed += len(data)
        source.shutdown(socket.SHUT_RDWR)


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
    with _cut_after(destination.port, 2_000_000) as port:
        known = tmp_path / "known_too"
        known.write_text(_known_host(port, tmp_path / "host"))
        with pytest.raises(TransientDeliveryError, match="without COMPLETE nothing"):
            deliver(replace(destination, port=port, known_hosts=known), files, _MOMENT)
    assert _loads(destination) == {"20261124-023005": {"students.csv"}}
    deliver(destination, files, _MOMENT)
    loads = _loads(destination)
    assert "COMPLETE" not in loads["20261124-023005"]
    assert "COMPLETE" in loads["20261124-023006"]


def test_an_unknown_or_other_host_key_is_refused(destination: Destination, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger_hosts"
    for text in ("", _known_host(destination.port, _key(tmp_path / "other"))):
        stranger.write_text(text)
        with pytest.raises(DeliveryError, match="not the one in known_hosts"):
            deliver(replace(destination, known_hosts=stranger), _FILES, _MOMENT)
    assert _loads(destination) == {}


def test_another_key_is_refused_without_asking_for_a_password(
    destination: Destination, tmp_path: Path
) -> None:
    with pytest.raises(DeliveryError, match="did not accept the key") as refused:
        deliver(replace(destination, key=_key(tmp_path / "wrong")), _FILES, _MOMENT)
    assert not refused.value.transient


def test_a_folder_that_is_not_there_is_told(destination: Destination) -> None:
    with pytest.raises(DeliveryError, match="can't be written"):
        deliver(replace(destination, folder="/nowhere-at-all"), _FILES, _MOMENT)


def test_a_server_that_is_not_there_is_transient(destination: Destination) -> None:
    with pytest.raises(TransientDeliveryError):
        deliver(replace(destination, port=_free_port()), _FILES, _MOMENT)


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
def test_wrong_settings_are_told(tmp_path: Path, url: str | None, words: str) -> None:
    settings = Settings(home=tmp_path, storage=tmp_path, sftp_url=url)
    with pytest.raises(SettingError, match=words):
        Destination.from_settings(settings)


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
    found = Destination.from_settings(settings)
    assert (found.user, found.host, found.port, found.folder) == (
        "fairview",
        "files.example.org",
        2222,
        "/upload",
    )
