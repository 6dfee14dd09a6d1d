"""The two files that a delivery by SFTP needs: whom to trust, and the account's private key.

Both are written by other programs and other people. A line of another host never stops a
delivery; a key in a form that SSH can't use is reported as what it is, with the command that
converts it: both were once taken for a broken connection, and tried again for ever.
"""

from __future__ import annotations

from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm

from samegoal_sync.samegoal.errors import DeliveryError

#: Openings of files that are no private key for SSH -> what they are, what to do.
_OTHER_FORMS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"PuTTY-User-Key-File",
        "a key in PuTTY's form (.ppk)",
        "convert it: puttygen {path} -O private-openssh-new -o {stem}.openssh",
    ),
    *(
        (opening, "a public key", "name the private key that lies beside it: {stem}")
        for opening in (
            b"---- BEGIN SSH2 PUBLIC KEY",
            b"-----BEGIN PUBLIC KEY",
            b"-----BEGIN RSA PUBLIC KEY",
            b"ssh-",
            b"ecdsa-",
            b"sk-",
        )
    ),
    *(
        (
            opening,
            "a private key in PKCS#8's form",
            "convert a copy: cp {path} {stem}.openssh; ssh-keygen -p -N '' -f {stem}.openssh",
        )
        for opening in (b"-----BEGIN PRIVATE KEY", b"-----BEGIN ENCRYPTED PRIVATE KEY")
    ),
    (
        b"-----BEGIN CERTIFICATE",
        "a certificate",
        "name the private key of it, or make one: ssh-keygen -t ed25519 -f {stem}.openssh",
    ),
    (
        b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY",
        "a key in the form of SSH Tectia",
        "convert it: ssh-keygen -i -f {path} > {stem}.openssh",
    ),
)


def trust(known: paramiko.HostKeys, path: Path, host: str, port: int) -> None:
    """Add the keys by which a known_hosts file knows a host to a client's own.

    Lines of other hosts, of certificate authorities and in other encodings are passed over. A key
    that any line revokes is none, whichever host the line speaks of.

    Raises:
        DeliveryError: the file can't be read.
    """
    name = host if port == paramiko.config.SSH_PORT else f"[{host}]:{port}"
    revoked: set[str] = set()
    found: list[paramiko.PKey] = []
    for number, raw in enumerate(_content(path).splitlines(), start=1):
        # Names and keys are ASCII; a comment may be anything.
        marker, *fields = raw.decode("ascii", "replace").split() or [""]
        if marker == "@revoked" and len(fields) > 2:
            revoked.add(fields[2])
        elif not marker.startswith(("#", "@")) and len(fields) > 1:
            found += _key_of_line(" ".join([marker, *fields[:2]]), name, number)
    for key in found:
        if key.get_base64() not in revoked:
            known.add(name, key.get_name(), key)


def private_key(path: Path) -> paramiko.PKey:
    """The account's key.

    Raises:
        DeliveryError: the file holds something else, or the key has a passphrase.
    """
    content = _content(path).lstrip()
    stem = path.with_suffix("")
    for opening, what, remedy in _OTHER_FORMS:
        if content.startswith(opening):
            raise _no_key(path, what, remedy.format(path=path, stem=stem))
    try:
        return paramiko.PKey.from_path(path)
    except (paramiko.PasswordRequiredException, TypeError):
        raise _no_key(
            path,
            "a private key with a passphrase",
            f"nobody is there at night to type it; make a key without: ssh-keygen -p -f {path}",
        ) from None
    except (
        paramiko.SSHException,
        paramiko.pkey.UnknownKeyType,
        UnsupportedAlgorithm,
        ValueError,
    ) as error:
        raise _no_key(
            path,
            "no private key that can be read" if content else "empty",
            f"make one: ssh-keygen -t ed25519 -f {stem}.openssh ({type(error).__name__})",
        ) from None


def _key_of_line(line: str, name: str, number: int) -> list[paramiko.PKey]:
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(line, number)
    except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey, ValueError):
        return []
    if entry is None or entry.key is None:
        return []
    known = paramiko.HostKeys()
    for pattern in entry.hostnames:
        known.add(pattern, entry.key.get_name(), entry.key)
    return [entry.key] if known.check(name, entry.key) else []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DeliveryError(
            f"{path} can't be read ({type(error).__name__}); nothing was sent",
            hint="give the user who runs the import the right to read it",
        ) from None


def _no_key(path: Path, what: str, remedy: str) -> DeliveryError:
    return DeliveryError(
        f"{path} is {what}; the file of SAMEGOAL_SYNC_SFTP_KEY holds a private key as OpenSSH "
        "writes it; nothing was sent",
        hint=remedy,
    )
