"""What can go wrong in the registry and in onboarding.

SyncError
|-- UsageError
|   |-- UnknownDistrict      no district of that slug
|   |-- DuplicateDistrict    slug or access is taken
|   |-- InvalidDistrict      one or more values can't be right
|   `-- WrongStep            that step does not follow from where the district stands
|-- SettingError
|   `-- SecretKeyError       the key that encrypts stored secrets is missing or wrong
`-- DistrictError
    |-- SecretMissing        no client secret is stored yet
    |-- RunLost              a run ended without a result (transient)
    |-- RunCanceled          a person canceled a night's run
    `-- AuditReceiverError   the audit log's receiver did not take lines (transient)
"""

# ruff: noqa: N818 (an error is named for what is wrong, as the others of this project)

from __future__ import annotations

from collections.abc import Sequence

from samegoal_sync.errors import SettingError, SyncError, UsageError


class UnknownDistrict(UsageError):
    """No district of that slug is registered."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"there is no district {slug!r} in the registry",
            hint="samegoal-sync districts list shows every slug; districts add registers one",
        )
        self.slug = slug


class DuplicateDistrict(UsageError):
    """The slug, or the pair of API Base URL and Key, belongs to a registered district."""


class InvalidDistrict(UsageError):
    """Values of a district that can't be right; ``problems`` names each of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "the district's values can't be used: " + "; ".join(problems),
            hint="fix the values named above and enter the district again; nothing was stored",
        )
        self.problems = tuple(problems)


class WrongStep(UsageError):
    """The step asked for does not follow from the district's state."""


class SecretKeyError(SettingError):
    """The key that encrypts stored secrets is missing, damaged or not the one used."""


class DistrictError(SyncError):
    """Base of what goes wrong with one district's onboarding."""


class SecretMissing(DistrictError):
    """The district's client secret was never stored."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"no client secret is stored for {slug}",
            hint=f"generate it on Skyward's vendor side, then: samegoal-sync districts "
            f"complete {slug}",
        )


class RunLost(DistrictError):
    """A run ended without a row in ``syncs``: its process was killed, or its machine stopped."""

    transient = True

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"last night's run of {slug} ended without a result: its process was stopped",
            hint="it is tried again by itself; if that fails too, see the run in the Dagster UI, "
            f"and then: samegoal-sync sync {slug}",
        )


class RunCanceled(DistrictError):
    """A person canceled the run of a night before it left a result."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"last night's run of {slug} was canceled before it published anything",
            hint=f"what is published is as it was; import by hand: samegoal-sync sync {slug}",
        )


class AuditReceiverError(DistrictError):
    """The audit log's receiver did not take lines; they wait, and are sent when it does."""

    transient = True
