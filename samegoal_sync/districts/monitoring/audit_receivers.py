"""Where the audit log may be sent: a file, or a syslog server (RFC 5424).

The lines name logins and Student Ids, so they leave this machine by TLS only, and a file is its
owner's and group's. Python's own ``SysLogHandler`` has the older format, no framing on TCP, and
keeps to itself what went wrong; its names of facilities are used.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import ssl
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging.handlers import SysLogHandler
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from samegoal_sync.districts.errors import AuditReceiverError
from samegoal_sync.districts.monitoring.audit_shipping import Line, Receiver
from samegoal_sync.errors import SettingError
from samegoal_sync.settings import AUDIT_SHIP_VARIABLE

_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SYSLOG_PORT, _TLS_PORT = 514, 6514
_OF_OTHERS = stat.S_IRWXO


def audit_receiver(url: str) -> Receiver:
    """The receiver of an address.

    Raises:
        SettingError: the address is of no kind that is known, or would be sent in the open.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("it is not an address") from None
    kind, path = parts.scheme, unquote(parts.path)
    if kind == "file" and not parts.netloc and path.startswith("/"):
        return lambda lines: _append(Path(path), lines)
    header = _header(parts)
    if kind == "syslog" and not parts.netloc and path.startswith("/"):
        return lambda lines: _to_socket(path, header, lines)
    host = parts.hostname
    if not host or kind not in ("syslog+udp", "syslog+tcp", "syslog+tls"):
        raise _wrong("it names no kind of receiver that is known")
    if kind == "syslog+tls":
        at, context = (host, port or _TLS_PORT), _tls(parts)
        return lambda lines: _to_stream(at, context, header, lines)
    if host not in _LOOPBACK:
        raise _wrong("lines would cross the network in the open")
    at = (host, port or _SYSLOG_PORT)
    if kind == "syslog+udp":
        return lambda lines: _to_udp(at, header, lines)
    return lambda lines: _to_stream(at, None, header, lines)


def _wrong(what: str) -> SettingError:
    return SettingError(
        f"{AUDIT_SHIP_VARIABLE} can't be used: {what}",
        hint="write it as file:///var/log/samegoal/audit.log, syslog:///dev/log, "
        "syslog+tls://HOST:6514?ca=/path/authority.crt, or syslog+udp://127.0.0.1:514 and "
        "syslog+tcp://127.0.0.1:514 on this machine",
    )


def _append(path: Path, lines: Sequence[Line]) -> None:
    """All lines, on the disk; or none. A file that was moved away is made anew."""
    content = "".join(f"{line.json}\n" for line in lines).encode()
    with _failing_in_words(str(path)):
        # Without O_NONBLOCK a pipe would keep us for as long as nobody reads it.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        handle = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise AuditReceiverError(
                    f"{path} is no regular file; nothing was written",
                    hint=f"name a file in {AUDIT_SHIP_VARIABLE}; the lines wait until then",
                )
            fcntl.flock(handle, fcntl.LOCK_EX)
            found = os.fstat(handle)
            if found.st_mode & _OF_OTHERS:
                raise AuditReceiverError(
                    f"{path} is open to every user of this machine; nothing was written",
                    hint=f"chmod o= {path}; the lines wait until then",
                )
            if found.st_size and os.pread(handle, 1, found.st_size - 1) != b"\n":
                content = b"\n" + content  # a machine that lost its power left half a line
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[os.write(handle, rest) :]
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, found.st_size)
                raise
        finally:
            os.close(handle)


def _to_socket(path: str, header: str, lines: Sequence[Line]) -> None:
    with _failing_in_words(path), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.settimeout(_SECONDS)
        to.connect(path)
        for line in lines:
            _send(to, header, line)


def _to_udp(at: tuple[str, int], header: str, lines: Sequence[Line]) -> None:
    family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
    with _failing_in_words(f"{at[0]}:{at[1]}"), socket.socket(family, socket.SOCK_DGRAM) as to:
        to.settimeout(_SECONDS)
        to.connect(at)
        for line in lines:
            _send(to, header, line)
        # On this machine the refusal of the last one has come by now.
        if refused := to.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(refused, os.strerror(refused))


def _send(to: socket.socket, header: str, line: Line) -> None:
    """As one datagram, cut where it is longer than one may be."""
    try:
        to.send(_message(header, line))
    except OSError as error:
        if error.errno != errno.EMSGSIZE:
            raise
        to.send(_message(header, line.shortened()))


def _to_stream(
    at: tuple[str, int], context: ssl.SSLContext | None, header: str, lines: Sequence[Line]
) -> None:
    """By octet counting (RFC 6587, RFC 5425).

    Syslog confirms nothing. But a receiver that closes its side in order after ours has read all
    that was sent; one that was ended on the way, or never closes, counts as one that did not. By
    TLS it says itself that it closes, which nobody else can.
    """
    content = b"".join(
        b"%d %b" % (len(message), message) for message in (_message(header, line) for line in lines)
    )
    with _failing_in_words(f"{at[0]}:{at[1]}"), socket.create_connection(at, _SECONDS) as plain:
        plain.settimeout(_SECONDS)
        if context is None:
            plain.sendall(content)
            _read_to_its_end(plain)
            return
        with context.wrap_socket(plain, server_hostname=at[0]) as secured:
            secured.sendall(content)
            try:
                plain_again = secured.unwrap()
            except ssl.SSLEOFError:
                # Whoever stands between can end a connection like that, having taken everything.
                raise AuditReceiverError(
                    f"the audit log's receiver {at[0]}:{at[1]} ended the connection without "
                    "TLS's close_notify: what was sent may not have arrived",
                    hint="if it was not just ended, it has to answer close_notify (RFC 5425, 4.4), "
                    "as rsyslog and syslog-ng since 3.23 do; the lines wait, and are sent again",
                ) from None
            # close_notify may also come early, of one that goes away and reads no more.
            _read_to_its_end(plain_again)


def _read_to_its_end(connection: socket.socket) -> None:
    """Close our side, and wait until the other one does; what it did not read is an error."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        pass


@contextmanager
def _failing_in_words(where: str) -> Iterator[None]:
    """A fault of the system as one of ours: type and receiver, no line."""
    try:
        yield
    except OSError as error:
        raise AuditReceiverError(
            f"the audit log's receiver {where} did not take lines "
            f"({type(error).__name__}{f': {os.strerror(error.errno)}' if error.errno else ''})",
            hint=f"see that it is up and takes them, or set {AUDIT_SHIP_VARIABLE} to another; "
            "the lines wait, and are sent when it does",
        ) from None


def _header(parts: SplitResult) -> str:
    """Priority and version: severity informational."""
    name = parse_qs(parts.query).get("facility", ["authpriv"])[0]
    facility = SysLogHandler.facility_names.get(name)
    if facility is None:
        raise _wrong("it names a facility that syslog does not know")
    return f"<{facility << 3 | SysLogHandler.LOG_INFO}>1"


def _message(header: str, line: Line) -> bytes:
    at = line.at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    host = socket.gethostname()[:255] or "-"
    return f"{header} {at} {host} samegoal-sync {os.getpid()} audit - {line.json}".encode()


def _tls(parts: SplitResult) -> ssl.SSLContext:
    authority = parse_qs(parts.query).get("ca", [None])[0]
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise _wrong(f"its ca can't be read ({type(error).__name__})") from None
