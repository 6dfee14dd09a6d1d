"""A client secret for a person to see, and whether the keys open what is stored.

Both need what is sealed, which the portal's own login can't read.
"""

from __future__ import annotations

from samegoal_sync.database import connect
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.secret_cipher import Cipher, no_key_is_made
from samegoal_sync.settings import Settings


def reveal(database_url: str, settings: Settings, slug: str, who: str) -> str:
    """The secret's text; that the person saw it is recorded first.

    Raises:
        UnknownDistrict, SecretMissing, SecretKeyError: there is nothing to show.
    """
    # A Secret can't be sent from process to process, on purpose.
    return Registry(settings, database_url).reveal_secret(slug, who).reveal()


def require_keys(database_url: str, settings: Settings) -> None:
    """Open the secret that was stored last, if there is one.

    Raises:
        SecretKeyError: no key that is here opens it.
    """
    with connect(database_url) as connection:
        secret = connection.execute(
            "select district, ciphertext from district_secrets order by stored_at desc limit 1"
        ).fetchone()
    if secret is not None:
        Cipher(settings, no_key_is_made).open(secret[0], bytes(secret[1]))
