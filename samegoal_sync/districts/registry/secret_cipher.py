"""Encrypts stored client secrets: Fernet, with as many older keys as a rotation needs.

The newest key of ``SAMEGOAL_SYNC_SECRET_KEY`` encrypts, all of them decrypt. Without the
variable a key file in ``DAGSTER_HOME`` is made on first use, readable by its owner alone; once the
variable is set, that file's key still decrypts, so that moving to the variable is a rotation too.
A secret is sealed together with its district's slug: a row copied to another district's is refused.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from samegoal_sync.districts.errors import SecretKeyError
from samegoal_sync.secret import Secret
from samegoal_sync.settings import SECRET_KEY_VARIABLE, Settings

KEY_FILE = "secret.key"


MayMakeKey = Callable[[], bool]


class Cipher:
    """Seals and opens one district's secret at a time."""

    def __init__(self, settings: Settings, may_make_key: MayMakeKey) -> None:
        """Read the keys, or make the key file.

        Args:
            may_make_key: asked where there is no key: whether a new one would open all that is
                stored. One made beside secrets under another would only hide that it is missing.

        Raises:
            SecretKeyError: a key is not a Fernet key, can't be read, or is missing.
        """
        self._fernet = MultiFernet([_fernet(key) for key in _keys(settings, may_make_key)])

    def seal(self, owner: str, secret: Secret) -> bytes:
        """The ciphertext to store, under the newest key.

        Args:
            owner: the district's slug; for a parameter of its access, that and the name.
        """
        return self._fernet.encrypt(json.dumps([owner, secret.reveal()]).encode())

    def open(self, owner: str, ciphertext: bytes) -> Secret:
        """The secret that was sealed for this owner.

        Raises:
            SecretKeyError: no key opens it, or it was sealed for another owner.
        """
        slug = owner.partition(" ")[0]
        try:
            sealed_for, text = json.loads(self._fernet.decrypt(ciphertext))
        except InvalidToken:
            raise SecretKeyError(
                f"the stored secret of {owner} was encrypted with a key that is not here",
                hint=f"put the older key behind the newest in {SECRET_KEY_VARIABLE} (comma-"
                f"separated), or store the secret anew: samegoal-sync districts rotate-secret "
                f"{slug} (a token field or header: samegoal-sync districts change)",
            ) from None
        if sealed_for != owner:
            raise SecretKeyError(
                f"the secret stored for {owner} belongs to another district",
                hint=f"store it anew: samegoal-sync districts rotate-secret {slug}",
            )
        return Secret(text)


def no_key_is_made() -> bool:
    """For those who only open what is stored."""
    return False


def _keys(settings: Settings, may_make_key: MayMakeKey) -> list[str]:
    path = settings.home / KEY_FILE
    if not settings.secret_keys:
        if not path.exists() and not may_make_key():
            raise SecretKeyError(
                f"the key of the stored secrets is not here: there is no {path}",
                hint=f"put back the {KEY_FILE} that they were stored with, or set "
                f"{SECRET_KEY_VARIABLE} to its key; if it is lost, move on with a new one by "
                f"{SECRET_KEY_VARIABLE} and store each secret anew: samegoal-sync districts "
                "rotate-secret",
            )
        return [_key_file(path)]
    older = [_key_file(path)] if path.is_file() else []
    return [*settings.secret_keys, *older]


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise SecretKeyError(
            "a key that encrypts stored secrets is not a Fernet key",
            hint=f"make one: python -c 'from cryptography.fernet import Fernet; "
            f"print(Fernet.generate_key().decode())', and set {SECRET_KEY_VARIABLE} to it",
        ) from None


def _key_file(path: Path) -> str:
    """The key in the file; made whole or not at all, so that two first uses agree on one."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, written = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(Fernet.generate_key())
                    file.flush()
                    os.fsync(file.fileno())
                _link(written, path)
            finally:
                Path(written).unlink()
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretKeyError(
            f"the key file {KEY_FILE} in DAGSTER_HOME can't be used ({type(error).__name__})",
            hint=f"make DAGSTER_HOME writable by this user, or set {SECRET_KEY_VARIABLE}",
        ) from None


def _link(written: str, path: Path) -> None:
    """Give the file its name unless another process was first; that one's key then counts."""
    try:
        os.link(written, path)
    except FileExistsError:
        return
