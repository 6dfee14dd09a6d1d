"""Whether the secrets of a database can be opened with the key that is here."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.rows import TupleRow

from samegoal_sync.districts.errors import SecretKeyError
from samegoal_sync.districts.registry.secret_cipher import Cipher, no_key_is_made
from samegoal_sync.settings import Settings

_SECRETS = "select district, ciphertext from district_secrets order by district"
_PARAMETERS = """
    select district || ' ' || kind || ' ' || name, ciphertext from district_parameters
    where ciphertext is not null order by 1
"""


@dataclass(frozen=True)
class StoredSecrets:
    """How many secrets are stored, and whose can't be opened here."""

    count: int
    closed: tuple[str, ...]

    @property
    def problem(self) -> str | None:
        """In words, or ``None``."""
        if not self.closed:
            return None
        shown = ", ".join(self.closed[:5]) + (" ..." if len(self.closed) > 5 else "")
        return f"{len(self.closed)} of {self.count} stored secrets can't be opened here: {shown}"


def stored_secrets(settings: Settings, connection: psycopg.Connection[TupleRow]) -> StoredSecrets:
    """Try every secret; no key is made, and no secret is shown."""
    rows = connection.execute(_SECRETS).fetchall()
    there = connection.execute("select to_regclass('samegoal.district_parameters')").fetchone()
    if there != (None,):  # tables of a version before 0009 have none
        rows += connection.execute(_PARAMETERS).fetchall()
    if not rows:
        return StoredSecrets(0, ())
    try:
        cipher = Cipher(settings, no_key_is_made)
    except SecretKeyError:
        return StoredSecrets(len(rows), tuple(owner for owner, _ in rows))
    closed = [owner for owner, ciphertext in rows if not _opens(cipher, owner, ciphertext)]
    return StoredSecrets(len(rows), tuple(closed))


def _opens(cipher: Cipher, owner: str, ciphertext: bytes) -> bool:
    try:
        cipher.open(owner, bytes(ciphertext))
    except SecretKeyError:
        return False
    return True
