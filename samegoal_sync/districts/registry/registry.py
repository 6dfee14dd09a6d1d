"""The registry: every district, its settings, its secret (encrypted) and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack, cast

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictSettings, DistrictState, Slug
from samegoal_sync.districts.errors import (
    DuplicateDistrict,
    InvalidDistrict,
    SecretMissing,
    UnknownDistrict,
)
from samegoal_sync.districts.registry.access_parameters import (
    KINDS,
    NAME_COLUMNS,
    read_parameters,
    reencrypt_parameters,
    replace_parameters,
)
from samegoal_sync.districts.registry.changes_in_words import changed_values
from samegoal_sync.districts.registry.district_validation import DistrictValues, checked_values
from samegoal_sync.districts.registry.history import record_event
from samegoal_sync.districts.registry.moves import Move, move_districts
from samegoal_sync.districts.registry.secret_cipher import Cipher
from samegoal_sync.districts.registry.settings_json import settings_from_json, settings_to_json
from samegoal_sync.qmlativ.http.connection import Connection, checked_base_url, checked_token_url
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

#: Writes a line of the audit log in the transaction of what it tells of.
Witness = Callable[[psycopg.Connection[Any]], None]

#: The same, given what changed: old and new, a line a value.
ChangeWitness = Callable[[psycopg.Connection[Any], Sequence[str]], None]

_COLUMNS = (
    "slug, name, state, base_url, client_key, mail_domain, contacts, time_zone, hour, expires_on, "
    "token_url, api_prefix, district_id, settings, created_at, message, " + NAME_COLUMNS
)
_Districts = list[District]  # inside the class, "list" is the method

_NOTHING_SEALED = """
    select not exists (select from district_secrets)
        and not exists (select from district_parameters where sealed)
        and not exists (select from portal_second_factors)
"""

#: States in which a district's nights run; a failing one is tried again each night.
NIGHTLY_STATES = (DistrictState.ACTIVE, DistrictState.FAILING)


class Registry:
    """Reads and writes the registry; each call is one transaction."""

    def __init__(self, settings: Settings, database_url: str) -> None:
        self.settings = settings
        self.database_url = database_url
        self._made_cipher: Cipher | None = None

    @property
    def cipher(self) -> Cipher:
        """What seals and opens stored secrets.

        Raises:
            SecretKeyError: the key is not here.
        """
        return self._make_cipher()

    def _make_cipher(self) -> Cipher:
        # Two threads may make one each: they read the same keys.
        if self._made_cipher is None:
            self._made_cipher = Cipher(self.settings, self._holds_no_secret)
        return self._made_cipher

    def _holds_no_secret(self) -> bool:
        with connect(self.database_url) as connection:
            return connection.execute(_NOTHING_SEALED).fetchone() == (True,)

    def add(self, *, who: str, **values: Unpack[DistrictValues]) -> District:
        """Register a district; it starts as *requested*. Needs slug, name, base_url, client_key.

        Raises:
            InvalidDistrict: values that can't be right, all of them named.
            DuplicateDistrict: the slug or the access is taken.
        """
        return self.add_all([values], who=who)[0]

    def add_all(self, districts: Sequence[DistrictValues], *, who: str) -> _Districts:
        """Register several districts, all or none.

        Raises:
            InvalidDistrict, DuplicateDistrict: as ``add``; nothing was stored.
        """
        with connect(self.database_url) as connection:
            for values in districts:
                checked = self._checked(values)
                parameters = {name: checked.pop(name) for name in KINDS if name in checked}
                _insert(connection, checked, who)
                for name, given in parameters.items():
                    replace_parameters(connection, self._make_cipher, checked["slug"], name, given)
        slugs = [values["slug"] for values in districts]
        stored = {str(one.slug): one for one in self._select("where slug = any(%s)", (slugs,))}
        return [stored[slug] for slug in slugs]

    def _checked(self, values: DistrictValues) -> dict[str, Any]:
        return checked_values(
            cast("dict[str, Any]", values), allow_loopback=self.settings.allow_loopback
        )

    def get(self, slug: str) -> District:
        """One district.

        Raises:
            UnknownDistrict: no district of that slug is registered.
        """
        found = self._select("where slug = %s", (slug,))
        if not found:
            raise UnknownDistrict(slug)
        return found[0]

    def list(self) -> _Districts:
        """All districts, by slug."""
        return self._select("order by slug", ())

    def active(self) -> _Districts:
        """Districts whose nights run (active, or failing and tried again), by slug."""
        states = [state.value for state in NIGHTLY_STATES]
        return self._select("where state = any(%s) order by slug", (states,))

    def by_mail_domain(self, domain: str) -> _Districts:
        """Districts whose mail comes from this domain (usually one), by slug."""
        return self._select("where mail_domain = %s order by slug", (domain.lower(),))

    def _select(self, clause: str, parameters: tuple[Any, ...]) -> _Districts:
        with connect(self.database_url) as connection:
            return _select(connection, clause, parameters)

    def update(
        self,
        slug: str,
        /,
        *,
        who: str,
        witness: ChangeWitness | None = None,
        **values: Unpack[DistrictValues],
    ) -> District:
        """Change values of a district (not its slug); the history says which, old and new.

        Args:
            witness: writes of the change in the same transaction.

        Raises:
            InvalidDistrict, DuplicateDistrict, UnknownDistrict: nothing was stored.
        """
        if values.get("slug", slug) != slug:
            raise InvalidDistrict(["slug: it is the partition key and never changes"])
        with connect(self.database_url) as connection:
            before, checked = _locked(connection, slug), self._checked(values)
            self._write(connection, before, checked, who, witness)
        return self.get(slug)

    def change_settings(
        self,
        slug: str,
        change: Callable[[DistrictSettings], DistrictSettings],
        *,
        who: str,
        witness: ChangeWitness | None = None,
    ) -> Sequence[str]:
        """Change some of a district's settings, and none that another form saves meanwhile.

        Args:
            change: makes the new settings of those that are stored.
            witness: writes of the change in the same transaction.

        Returns: what changed, old and new, a line a setting.

        Raises:
            InvalidDistrict, UnknownDistrict: nothing was stored.
        """
        with connect(self.database_url) as connection:
            before = _locked(connection, slug)
            checked = self._checked({"settings": change(before.settings)})
            return self._write(connection, before, checked, who, witness)

    def _write(
        self,
        connection: psycopg.Connection[Any],
        before: District,
        checked: Mapping[str, Any],
        who: str,
        witness: ChangeWitness | None,
    ) -> Sequence[str]:
        """Write the values, which are checked; what changed, old and new, a line a value."""
        slug = before.slug
        for name, value in checked.items():
            if name in KINDS:
                replace_parameters(connection, self._make_cipher, slug, name, value)
                continue
            with _duplicates(slug):
                connection.execute(
                    f"update districts set {name} = %s where slug = %s",  # noqa: S608 (names)
                    (_stored(name, value), slug),
                )
        changed = changed_values(before, checked)
        if checked:
            record_event(connection, slug, "updated", who, "; ".join(changed))
        if witness:
            witness(connection, changed)
        return changed

    def set_state(
        self, slug: str, state: DistrictState, who: str, message: str | None = None
    ) -> District:
        """Move a district to a state, with what to tell about it; the step is recorded.

        Raises:
            UnknownDistrict: no district of that slug is registered.
        """
        with connect(self.database_url) as connection:
            move_district(connection, slug, state, who, message)
        return self.get(slug)

    def record(self, slug: str, kind: str, who: str, what: str = "") -> None:
        """Add a line to a district's history."""
        with connect(self.database_url) as connection:
            record_event(connection, slug, kind, who, what)

    def store_secret(self, slug: str, secret: Secret, who: str) -> None:
        """Encrypt and store the client secret, replacing an older one.

        Raises:
            UnknownDistrict, SecretKeyError: nothing was stored.
        """
        self.get(slug)
        with connect(self.database_url) as connection:
            connection.execute(
                "insert into district_secrets (district, ciphertext, stored_by) "
                "values (%s, %s, %s) on conflict (district) do update set "
                "ciphertext = excluded.ciphertext, stored_at = now(), "
                "stored_by = excluded.stored_by",
                (slug, self._make_cipher().seal(slug, secret), who),
            )
            record_event(connection, slug, "secret_stored", who)

    def has_secret(self, slug: str) -> bool:
        """Whether a client secret is stored."""
        # Not what is sealed, which the portal's own login can't read.
        with connect(self.database_url) as connection:
            row = connection.execute(
                "select exists (select from district_secrets where district = %s)", (slug,)
            ).fetchone()
        return row == (True,)

    def reveal_secret(self, slug: str, who: str) -> Secret:
        """The client secret for a person to see; that they saw it is recorded first.

        Raises:
            UnknownDistrict, SecretMissing, SecretKeyError: there is nothing to show.
        """
        secret = self._secret(slug)
        self.record(slug, "secret_revealed", who)
        return secret

    def connection(self, slug: str) -> Connection:
        """How the client reaches the district, its secret decrypted, its address checked again.

        Raises:
            UnknownDistrict, SecretMissing, SecretKeyError, UsageError: it can't be reached so.
        """
        district = self.get(slug)
        return self.connection_with(district, self._secret(slug))

    def connection_with(self, district: District, secret: Secret) -> Connection:
        """The same with a secret that is not stored yet."""
        allowed = self.settings.allow_loopback
        with connect(self.database_url) as connection:
            parameters = read_parameters(connection, self._make_cipher, district.slug)
        return Connection(
            base_url=checked_base_url(district.base_url, allow_loopback=allowed),
            client_key=district.client_key,
            secret=secret,
            token_url=district.token_url
            and checked_token_url(district.token_url, allow_loopback=allowed),
            api_prefix=district.api_prefix,
            token_fields=parameters["token_fields"],
            headers=parameters["headers"],
            district_id=district.district_id,
            allow_loopback=allowed,
        )

    def _ciphertext(self, slug: str) -> bytes | None:
        with connect(self.database_url) as connection:
            row = connection.execute(
                "select ciphertext from district_secrets where district = %s", (slug,)
            ).fetchone()
        return bytes(row[0]) if row else None

    def _secret(self, slug: str) -> Secret:
        self.get(slug)
        ciphertext = self._ciphertext(slug)
        if ciphertext is None:
            raise SecretMissing(slug)
        return self._make_cipher().open(slug, ciphertext)

    def reencrypt_secrets(self) -> int:
        """Seal every secret, token field and header anew under the newest key; older ones can go.

        Returns: how many. Raises SecretKeyError if one can't be opened; then none was changed.
        """
        with connect(self.database_url) as connection:
            rows = connection.execute(
                "select district, ciphertext from district_secrets for update"
            ).fetchall()
            for slug, ciphertext in rows:
                sealed = self._make_cipher().seal(
                    slug, self._make_cipher().open(slug, bytes(ciphertext))
                )
                connection.execute(
                    "update district_secrets set ciphertext = %s where district = %s",
                    (sealed, slug),
                )
            parameters = reencrypt_parameters(connection, self._make_cipher)
        return len(rows) + parameters

    def remove(self, slug: str, witness: Witness | None = None) -> None:
        """Delete a district's row and, by cascade, everything that hangs on it.

        Args:
            witness: leaves a trace in the same transaction.

        ``removal.remove_district`` also exports, and deletes frames and partition.
        """
        self.get(slug)
        with connect(self.database_url) as connection:
            # Documents hang on students without a cascade of their own: they go first.
            connection.execute("delete from documents where district = %s", (slug,))
            connection.execute("delete from districts where slug = %s", (slug,))
            if witness:
                witness(connection)


def move_district(
    connection: psycopg.Connection[Any],
    slug: str,
    state: DistrictState,
    who: str,
    message: str | None = None,
) -> None:
    """Move a district to a state in the caller's transaction; the step is recorded.

    Raises:
        UnknownDistrict: no district of that slug is registered.
    """
    if not move_districts(connection, [Move(slug, state, message)], who):
        raise UnknownDistrict(slug)


def _locked(connection: psycopg.Connection[Any], slug: str) -> District:
    """A district, which nobody else changes until the transaction ends."""
    found = _select(connection, "where slug = %s for no key update", (slug,))
    if not found:
        raise UnknownDistrict(slug)
    return found[0]


def _select(
    connection: psycopg.Connection[Any], clause: str, parameters: tuple[Any, ...]
) -> list[District]:
    with connection.cursor(row_factory=dict_row) as cursor:
        query = f"select {_COLUMNS} from districts {clause}"  # noqa: S608 (constants)
        return [_district(row) for row in cursor.execute(query, parameters)]


def _insert(connection: psycopg.Connection[Any], values: dict[str, Any], who: str) -> None:
    row = {"state": DistrictState.REQUESTED.value, **values}
    names = ", ".join(row)
    marks = ", ".join(f"%({name})s" for name in row)
    with _duplicates(values["slug"]):
        connection.execute(
            f"insert into districts ({names}) values ({marks})",  # noqa: S608 (column names)
            {name: _stored(name, value) for name, value in row.items()},
        )
    record_event(connection, values["slug"], "added", who)


class _duplicates:  # noqa: N801 (used as a verb in a with statement)
    """Turns a violated unique rule into an error that says which."""

    def __init__(self, slug: str) -> None:
        self._slug = slug

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, psycopg.errors.UniqueViolation):
            return
        if error.diag.constraint_name == "districts_pkey":
            raise DuplicateDistrict(
                f"a district {self._slug} is registered already",
                hint="choose another slug, or change the registered one: "
                f"samegoal-sync districts show {self._slug}",
            ) from None
        raise DuplicateDistrict(
            f"another district has the same API Base URL and Key as {self._slug}",
            hint="each district has an Integration Access of its own: check the Key in Qmlativ "
            "(Administrative Access > API > Integration)",
        ) from None


def _stored(name: str, value: Any) -> Any:
    if name == "settings":
        return Jsonb(settings_to_json(value))
    return list(value) if name == "contacts" else value


def _district(row: dict[str, Any]) -> District:
    settings: DistrictSettings = settings_from_json(row.pop("settings"))
    return District(
        **{
            **row,
            "slug": Slug(row["slug"]),
            "state": DistrictState(row["state"]),
            "contacts": tuple(row["contacts"]),
            **{name: tuple(row[name]) for name in KINDS},
            "settings": settings,
        }
    )
