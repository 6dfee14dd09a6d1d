"""Integration Access records: what a district makes under Administrative Access > API.

The district sees and changes everything but the secret; the vendor generates the secret, which
is shown once and kept as a hash only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from samegoal_sync.errors import UsageError

OAUTH2 = "OAuth 2.0"
ANY = "Any"
OAUTH1 = "OAuth 1.0"
PRODUCT = "SameGoal Demographics"


@dataclass(frozen=True)
class IntegrationAccess:
    """One record; it works while it is active and today lies within its dates.

    Attributes:
        key: unique, the OAuth client id.
        entities: EntityIDs that the district ticked for the Custom API.
        expires: last day on which it works; ``None`` never expires.
        secret_hash: SHA-256 of the secret; ``None`` until the vendor generates one.
        token_field: name and value of one more form field that the token address demands.
    """

    key: str
    name: str
    entities: frozenset[int]
    effective: date
    expires: date | None
    product: str = PRODUCT
    authentication: str = OAUTH2
    active: bool = True
    secret_hash: str | None = None
    token_field: tuple[str, str] | None = None

    def refusal(self, today: date) -> str | None:
        """Why it does not work today, in Qmlativ's manner; ``None`` when it does."""
        if not self.active:
            return "The Integration Access is not active."
        if today < self.effective:
            return f"The Integration Access is not effective before {self.effective}."
        if self.expires is not None and today > self.expires:
            return f"The Integration Access expired on {self.expires}."
        if self.authentication not in (OAUTH2, ANY):
            return "The Integration Access does not allow OAuth 2.0."
        return None

    def has_secret(self, secret: str) -> bool:
        return self.secret_hash is not None and hmac.compare_digest(self.secret_hash, _hash(secret))

    def to_json(self) -> dict[str, Any]:
        """For the file of records and for admin answers that may not show the hash."""
        values = asdict(self)
        values["entities"] = sorted(self.entities)
        values["effective"] = self.effective.isoformat()
        values["expires"] = self.expires.isoformat() if self.expires else None
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> IntegrationAccess:
        field = values.get("token_field")
        return cls(
            **{
                **values,
                "entities": frozenset(values["entities"]),
                "effective": date.fromisoformat(values["effective"]),
                "expires": date.fromisoformat(values["expires"]) if values["expires"] else None,
                "token_field": (field[0], field[1]) if field else None,
            }
        )


def a_year_after(day: date) -> date:
    """The expiration date that Qmlativ proposes."""
    return day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)


class AccessBook:
    """A system's records by key."""

    def __init__(self) -> None:
        self._records: dict[str, IntegrationAccess] = {}

    def create(self, access: IntegrationAccess) -> IntegrationAccess:
        """Add a record.

        Raises:
            UsageError: the key is blank or taken, or no entity is ticked.
        """
        if not access.key.strip() or access.key in self._records:
            raise UsageError(
                "An Integration Access with this Key exists, or the Key is blank",
                hint="choose another Key; a Key is unique in a Qmlativ system",
            )
        if not access.entities:
            raise UsageError(
                "No entity is ticked under Custom API", hint="tick the district entity at least"
            )
        return self._keep(access)

    def _keep(self, access: IntegrationAccess) -> IntegrationAccess:
        self._records[access.key] = access
        return access

    def get(self, key: str) -> IntegrationAccess:
        """The record with this key.

        Raises:
            UsageError: there is none.
        """
        if key not in self._records:
            raise UsageError(
                "No Integration Access has this Key",
                hint="list the records: samegoal-sync sandbox access list",
            )
        return self._records[key]

    def find(self, key: str) -> IntegrationAccess | None:
        return self._records.get(key)

    def all(self) -> list[IntegrationAccess]:
        return list(self._records.values())

    def extend(self, key: str, expires: date | None) -> IntegrationAccess:
        """Move the expiration date; ``None`` removes it."""
        return self._keep(replace(self.get(key), expires=expires))

    def set_active(self, key: str, active: bool) -> IntegrationAccess:
        return self._keep(replace(self.get(key), active=active))

    def generate_secret(self, key: str) -> str:
        """The vendor's side: a new secret, returned this once; an older one stops working.

        Secrets hold characters that need URL encoding, as real ones do.
        """
        secret = f"{secrets.token_urlsafe(24)}+/=&%{secrets.token_urlsafe(6)}"
        self._keep(replace(self.get(key), secret_hash=_hash(secret)))
        return secret

    def to_json(self) -> list[dict[str, Any]]:
        return [access.to_json() for access in self._records.values()]

    def load(self, records: list[dict[str, Any]]) -> None:
        for values in records:
            self._keep(IntegrationAccess.from_json(values))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
