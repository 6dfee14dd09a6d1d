"""A real SMTP and a real IMAP server on the loopback, with TLS by a certificate made for them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "p@ss/w:rd"  # characters that an address must encode
DOVECOT = Path("/usr/sbin/dovecot")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


@dataclass
class Smtp:
    """What the SMTP server took; ``refuse`` makes it answer 451 with words that quote mail.

    Mail to ``refused_addresses`` it does not take at all: nobody lives there.
    """

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    refuse: bool = False
    refused_addresses: set[str] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused_addresses:
            return f"550 {address} is unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, _server: object, _session: Session, envelope: Envelope
    ) -> str:
        if self.refuse:
            return "451 quoted-word try later"
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, EmailMessage, policy=policy.default)
        self.messages.append(message)
        return "250 OK"

    def url(self, scheme: str = "smtps", more: str = "&team=team@samegoal.example") -> str:
        return (
            f"{scheme}://sender:p%40ss%2Fw%3Ard@127.0.0.1:{self.port}"
            f"?from=tier2help@samegoal.example{more}"
        )


@contextmanager
def running_smtp(certificate: Path, key: Path, *, starttls: bool = False) -> Iterator[Smtp]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    smtp = Smtp(free_port())

    def sign_in(_server: object, _session: object, _envelope: object, _how: object, data: object):  # type: ignore[no-untyped-def]
        right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=right, handled=False)

    tls = {"tls_context": context} if starttls else {"ssl_context": context}
    controller = Controller(
        smtp,
        hostname="127.0.0.1",
        port=smtp.port,
        authenticator=sign_in,
        auth_required=starttls,
        auth_require_tls=starttls,
        **tls,
    )
    controller.start()
    try:
        yield smtp
    finally:
        controller.stop(no_assert=True)


@dataclass(frozen=True)
class Imap:
    """A running Dovecot with one mailbox; ``deliver`` puts a mail there as a server would."""

    port: int
    maildir: Path
    owner: tuple[int, int]

    @property
    def url(self) -> str:
        return (
            f"imaps://tier2help:p%40ss%2Fw%3Ard@127.0.0.1:{self.port}/INBOX"
            "?authserv=mx.samegoal.example"
        )

    def deliver(self, name: str, raw: str) -> None:
        path = self.maildir / "new" / f"{time.time_ns()}.{name}.host"
        path.write_bytes(raw.replace("\n", "\r\n").encode())
        os.chown(path, *self.owner)

    def flags(self) -> dict[str, str]:
        """Name of each mail -> its Maildir flags: R answered, F flagged, S seen."""
        found = {}
        for folder in ("new", "cur"):
            for path in (self.maildir / folder).iterdir():
                found[path.name.split(".")[1]] = path.name.partition(":2,")[2]
        return found


@contextmanager
def lying_imap(certificate: Path, key: Path, answer: bytes) -> Iterator[str]:
    """The address of a server that finds one mail, and answers a question for it with this.

    It stays open afterwards: whoever waits for more waits.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True) as peer:
                peer.sendall(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
                for line in peer.makefile("rb"):
                    tag, command = line.split()[0], line.upper()
                    said = b"* SEARCH 1\r\n" if b"SEARCH" in command else b""
                    said = b"* CAPABILITY IMAP4rev1\r\n" if b"CAPABILITY" in command else said
                    peer.sendall(answer if b"FETCH" in command else said + tag + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening], daemon=True)
        thread.start()
        yield f"imaps://u:p@127.0.0.1:{listening.getsockname()[1]}/INBOX?authserv=x"
        thread.join(10)


def why_no_dovecot() -> str | None:
    """Why the IMAP tests can't run here; ``None`` when they can."""
    if not DOVECOT.exists():
        return "Debian's dovecot-imapd is not installed"
    version = subprocess.run([DOVECOT, "--version"], capture_output=True, text=True, check=True)
    if not version.stdout.startswith("2.3"):
        return "Dovecot is not of version 2.3, whose configuration this test writes"
    return None


@contextmanager
def running_imap(certificate: Path, key: Path) -> Iterator[Imap]:
    """Dovecot as a process of its own, its files in a short temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))
    folder.chmod(0o755)
    # Dovecot opens no mailbox for root: its own user reads there.
    user = pwd.getpwnam("dovecot") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    owner = (user.pw_uid, user.pw_gid)
    maildir = folder / "mail"
    for path in (maildir, *(maildir / name for name in ("new", "cur", "tmp"))):
        path.mkdir()
        os.chown(path, *owner)
    port = free_port()
    config = folder / "dovecot.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, user=user.pw_name, uid=owner[0],
                                     gid=owner[1], certificate=certificate, key=key,
                                     password=PASSWORD))  # fmt: skip
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen([DOVECOT, "-F", "-c", config], stdout=out, stderr=out)
    try:
        _wait_until_listening(port, process, folder)
        yield Imap(port, maildir, owner)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_listening(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError((folder / "out").read_text())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("Dovecot does not listen")


_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group =
default_login_user = {user}
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
"""
