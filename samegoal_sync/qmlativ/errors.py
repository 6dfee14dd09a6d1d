"""Every way in which reading Qmlativ can fail: who has to act, what to do, and whether to retry.

    QmlativError
    |-- PermanentError               asking again changes nothing
    |   |-- AccessRefused            wrong Key or secret
    |   |-- AccessExpired            the Integration Access's dates or its Is Active
    |   |-- EntityNotGranted         the district did not tick its entity
    |   |-- DistrictNotChosen        a system of several districts, none (or a wrong one) named
    |   |-- ObjectNotGranted         an essential object
    |   |-- FieldNotGranted          an essential field
    |   |-- FieldMistyped            an essential field holds what its type can't
    |   |-- RequestRefused           any other 4xx; ``access_probe.py`` finds what is missing
    |   |-- StudentNotFound          no student has the number asked for
    |   |-- AddressRefused           redirect elsewhere, private address, nothing there
    |   |-- CertificateRefused       TLS
    |   |-- AnswerTooLarge           beyond the limits on a body or on pages
    |   `-- DistrictTooLarge         beyond the limits on all of a district's rows
    `-- TransientError               asking again may help; ``retry_policy.py`` does, then Dagster
        |-- ServerUnreachable        refused, reset, no such host, cut off
        |-- ServerSilent             connect or read time-out
        |-- DeadlinePassed           the district's whole read took too long
        |-- ServerBusy               429, 503; carries Retry-After
        |-- ServerFailed             other 5xx
        |-- MaintenancePage          a web page where data or a token is due
        |-- AnswerBroken             not JSON, cut off, wrong content type, no rows where due
        `-- RowsMoving               two reads of one object would not agree

Messages hold hosts, objects, fields, ids of districts, statuses and counts; never a body.
"""

from __future__ import annotations

# ruff: noqa: N818  (names say what happened, as Dagster's and psycopg's do)
from collections.abc import Iterable, Mapping
from typing import ClassVar

from samegoal_sync.errors import Actor, SyncError

_AGAIN = (
    "a night is tried again automatically; if it stays so, ask Skyward's hosting about this server"
)


_OR_THE_ADDRESS = (
    "; if its name is wrong, correct it: samegoal-sync districts change DISTRICT --base-url URL"
)


class QmlativError(SyncError):
    """Base of all that goes wrong between us and a district's Qmlativ."""


class PermanentError(QmlativError):
    """Asking again changes nothing: somebody must act."""


class TransientError(QmlativError):
    """Asking again may help."""

    transient: ClassVar[bool] = True


class AccessRefused(PermanentError):
    """The server does not accept the Key and the secret."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} refused the district's Key and secret",
            hint="compare the Key with the Integration Access in Skyward (Is Active ticked, "
            "Authentication Type OAuth 2.0 or Any); if they agree, ask SameGoal's technical team "
            "for a new secret, stored with: samegoal-sync districts rotate-secret DISTRICT",
        )


class AccessExpired(PermanentError):
    """Today lies outside the Integration Access's dates, or Is Active is off."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str, day: str | None = None, *, inactive: bool = False) -> None:
        happened = "is not active" if inactive else "expired" + (f" on {day}" if day else "")
        self.day = day
        super().__init__(
            f"the district's Integration Access at {host} {happened}",
            hint="ask the district to extend it in Skyward (Integration Access: Expiration Date, "
            "Effective Date, Is Active)",
        )


class EntityNotGranted(PermanentError):
    """Logged in, but the system's metadata or the district's entity is refused."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} accepts the Key and secret but shows no entity of the district",
            hint="ask the district to tick its district-wide entity (and its schools) under "
            "Entities of the Integration Access in Skyward",
        )


class DistrictNotChosen(PermanentError):
    """The system holds several districts and the connection names none of them."""

    def __init__(self, host: str, districts: Mapping[int, str], chosen: int | None = None) -> None:
        self.districts = dict(districts)
        listed = ", ".join(f"{key} ({name})" for key, name in sorted(self.districts.items()))
        which = "none is chosen" if chosen is None else f"{chosen} is not one of them"
        super().__init__(
            f"{host} holds the districts {listed}, and {which}",
            hint="name one: samegoal-sync districts add … --district-id ID",
        )


class ObjectNotGranted(PermanentError):
    """An essential object is refused or unknown."""

    default_actor = Actor.SKYWARD

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"Qmlativ does not share the object {name}, without which no district can be read",
            hint=f"SameGoal must have read access to {name} approved by Skyward for its product; "
            "if it was approved, the district renews the Integration Access's product approval",
        )


class FieldNotGranted(PermanentError):
    """Essential fields of an object are refused, or missing from every row."""

    default_actor = Actor.SKYWARD

    def __init__(self, name: str, fields: Iterable[str]) -> None:
        self.name, self.fields = name, tuple(sorted(fields))
        listed = ", ".join(f"{name}.{field}" for field in self.fields)
        super().__init__(
            f"Qmlativ does not share {listed}, without which no district can be read",
            hint=f"SameGoal must have read access to {listed} approved by Skyward for its product",
        )


class FieldMistyped(PermanentError):
    """Essential fields hold values that their type can't hold."""

    default_actor = Actor.SKYWARD

    def __init__(self, name: str, counts: Mapping[str, int]) -> None:
        self.name, self.counts = name, dict(counts)
        listed = ", ".join(f"{name}.{field} ({n} rows)" for field, n in sorted(counts.items()))
        super().__init__(
            f"Qmlativ sent values of another type than it documents: {listed}",
            hint="compare the field's type on the server's Swagger page with qmlativ/catalog.py",
        )


class RequestRefused(PermanentError):
    """The server refuses one request (4xx); ``words`` are its names, to be compared only."""

    default_actor = Actor.SKYWARD

    def __init__(self, asked: str, status: int, words: frozenset[str] = frozenset()) -> None:
        self.asked, self.status, self.words = asked, status, words
        super().__init__(
            f"Qmlativ refuses to answer about {asked} ({status})",
            hint=f"SameGoal must have {asked} approved by Skyward for its product, and the "
            "district must have ticked its entities in the Integration Access",
        )


class StudentNotFound(PermanentError):
    """No student has the number asked for (which is not repeated here)."""

    default_actor = Actor.DISTRICT

    def __init__(self) -> None:
        super().__init__(
            "Qmlativ has no student with that Student Id",
            hint="compare it with Student Number on the student's profile in Skyward",
        )


class AddressRefused(PermanentError):
    """The address leads elsewhere, inside, or to nothing that is a Qmlativ API."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            f"{host} can't be used as a Qmlativ API: {why}",
            hint="compare the API Base URL with the district's web address: the same, "
            "ending in API instead of STS",
        )


class CertificateRefused(PermanentError):
    """The server's TLS certificate does not hold."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the certificate of {host} is not valid for it",
            hint="ask who hosts the server (the district or Skyward) to renew its certificate "
            "and to send the whole chain",
        )


_RAISE_LIMITS = "if the district really is that large, raise Limits in qmlativ/http/limits.py"


class AnswerTooLarge(PermanentError):
    """An answer is larger, or an object has more pages, than any district can have."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}", hint=_RAISE_LIMITS)


class DistrictTooLarge(PermanentError):
    """All answers together are more than any district can have."""

    def __init__(self, host: str, what: str) -> None:
        super().__init__(f"{host} sends {what} for one district", hint=_RAISE_LIMITS)


_START_THE_SANDBOX = (
    "start the sandbox that answers there: samegoal-sync demo (its districts live as long as it "
    "runs), or samegoal-sync sandbox serve"
)


class ServerUnreachable(TransientError):
    """No connection, or it broke."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str, how: str) -> None:
        is_here = host.startswith(("127.", "localhost", "[::1]"))
        super().__init__(
            f"{host} {how}",
            hint=_START_THE_SANDBOX if is_here else _AGAIN + _OR_THE_ADDRESS,
            actor=Actor.TECHNICAL_TEAM if is_here else None,
        )


class ServerSilent(TransientError):
    """The server did not answer in time."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str, seconds: float) -> None:
        waited = seconds if seconds < 10 else round(seconds)
        super().__init__(f"{host} did not answer within {waited:g} s", hint=_AGAIN)


class DeadlinePassed(TransientError):
    """Every request may have been answered, but all of them together took too long."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"reading {host} took longer than {seconds:g} s", hint=_AGAIN)


class ServerBusy(TransientError):
    """429 or 503, with the pause that the server asks for, in seconds, if it says."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str, status: int, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        asks = "" if retry_after is None else f" and asks to wait {retry_after:.0f} s"
        super().__init__(f"{host} is busy or in maintenance ({status}){asks}", hint=_AGAIN)


class ServerFailed(TransientError):
    """Another 5xx; Qmlativ also answers so to some faults of authentication."""

    default_actor = Actor.SKYWARD

    def __init__(self, host: str, status: int, asked: str) -> None:
        super().__init__(
            f"{host} failed ({status}) when asked for {asked}",
            hint=_AGAIN + " (and compare Key and secret: Qmlativ may answer so to wrong ones)",
        )


class MaintenancePage(TransientError):
    """A web page stands where data or a token is due: mostly for as long as an update takes."""

    default_actor = Actor.DISTRICT

    def __init__(self, host: str, asked: str) -> None:
        super().__init__(
            f"{host} shows a web page where {asked} is due: it is in maintenance, or the address "
            "is not that of its API",
            hint="a night is tried again automatically; if it stays so, compare the API Base URL "
            "with the district's web address: the same, ending in API instead of STS",
        )


class AnswerBroken(TransientError):
    """The answer is not what the API sends."""

    default_actor = Actor.SKYWARD

    def __init__(self, asked: str, how: str) -> None:
        super().__init__(f"the answer about {asked} {how}", hint=_AGAIN)


class RowsMoving(TransientError):
    """Rows changed so much, or pages repeat so, that no read of an object can be trusted."""

    default_actor = Actor.SKYWARD

    def __init__(self, name: str, how: str) -> None:
        super().__init__(
            f"{name} can't be read whole: {how}",
            hint="run it again at a quieter hour; published data stay as they are",
        )
