"""What some vendors' gateways want beside Key and secret: token fields and headers, encrypted.

Their values are as good as secrets (a vendor's own half of one, a subscription key), so they lie
in a table of their own, each sealed together with its district and name. A district's row, its
JSON and its pages know the names alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from samegoal_sync.districts.registry.secret_cipher import Cipher
from samegoal_sync.secret import Secret

#: The kinds, by the name of the district's value.
KINDS = {"token_fields": "token_field", "headers": "header"}

#: A district's names of each kind, as columns of a query over ``districts``.
NAME_COLUMNS = """
    array(select name from district_parameters p where p.district = slug
        and kind = 'token_field' order by name) as token_fields,
    array(select name from district_parameters p where p.district = slug
        and kind = 'header' order by name) as headers"""

MakeCipher = Callable[[], Cipher]
Rows = psycopg.Connection[Any]


def replace_parameters(
    connection: Rows, cipher: MakeCipher, slug: str, column: str, values: Mapping[str, str]
) -> None:
    """Store a district's parameters of one kind in place of those it had."""
    kind = KINDS[column]
    connection.execute(
        "delete from district_parameters where district = %s and kind = %s", (slug, kind)
    )
    for name, value in values.items():
        _seal(connection, cipher, slug, kind, name, value)


def read_parameters(connection: Rows, cipher: MakeCipher, slug: str) -> dict[str, dict[str, str]]:
    """A district's parameters of each kind, opened; one that an older version left is sealed.

    Raises:
        SecretKeyError: one can't be opened.
    """
    found: dict[str, dict[str, str]] = {column: {} for column in KINDS}
    columns = {kind: column for column, kind in KINDS.items()}
    rows = connection.execute(
        "select kind, name, ciphertext, unsealed from district_parameters "
        "where district = %s order by name",
        (slug,),
    ).fetchall()
    for kind, name, ciphertext, unsealed in rows:
        if unsealed is None:
            value = cipher().open(_owner(slug, kind, name), bytes(ciphertext)).reveal()
        else:
            value = unsealed
            _seal(connection, cipher, slug, kind, name, value)
        found[columns[kind]][name] = value
    return found


def _seal(
    connection: Rows, cipher: MakeCipher, slug: str, kind: str, name: str, value: str
) -> None:
    connection.execute(
        "insert into district_parameters (district, kind, name, ciphertext) "
        "values (%s, %s, %s, %s) on conflict (district, kind, name) do update set "
        "ciphertext = excluded.ciphertext, unsealed = null",
        (slug, kind, name, cipher().seal(_owner(slug, kind, name), Secret(value))),
    )


def reencrypt_parameters(connection: Rows, cipher: MakeCipher) -> int:
    """Seal every parameter anew under the newest key; returns how many."""
    slugs = connection.execute("select distinct district from district_parameters").fetchall()
    count = 0
    for (slug,) in slugs:
        for column, values in read_parameters(connection, cipher, slug).items():
            replace_parameters(connection, cipher, slug, column, values)
            count += len(values)
    return count


def _owner(slug: str, kind: str, name: str) -> str:
    """What a value is sealed with: moved to another district or name it is refused."""
    return f"{slug} {kind} {name}"
