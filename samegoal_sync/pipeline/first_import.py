"""The last step of onboarding: the first import, activation, and the confirmation mail."""

from __future__ import annotations

from dataclasses import dataclass

from samegoal_sync.districts.onboarding.confirmation import confirm
from samegoal_sync.districts.onboarding.onboarding_steps import activate
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailer import mailer_of
from samegoal_sync.pipeline.launching import import_districts


@dataclass(frozen=True)
class FirstImport:
    """How it went.

    Attributes:
        active: whether the district's nights run now.
        message: for people: what happened and what is next.
        state / counts: of the sync.
    """

    slug: str
    active: bool
    message: str
    state: str
    counts: dict[str, int]


def import_and_confirm(registry: Registry, slug: str, who: str) -> FirstImport:
    """Import a connected district; if it went well, let its nights run and tell the district.

    A failed import leaves it *connected*; the command can be run again. A held one lets its
    nights run too (each is held until one is approved), and the confirmation waits for that.

    Raises:
        WrongStep, UnknownDistrict: the district can't become active.
    """
    (outcome,) = import_districts(registry.settings, registry.database_url, [slug])
    if outcome.state == "failed":
        message = (
            f"{slug}: connected, but the first import failed: {outcome.message}\n"
            f"  action by {outcome.actor}: {outcome.hint}"
        )
        return FirstImport(slug, False, message, outcome.state, outcome.counts)
    district = activate(registry, slug, who)
    if outcome.state == "held":
        message = (
            f"{slug}: active. Its first night is held: SameGoal shows nothing yet.\n"
            f"  look at it: samegoal-sync held {slug}\n"
            f"  publish it: samegoal-sync approve {slug}\n"
            f"  drop it:    samegoal-sync discard {slug}"
        )
        return FirstImport(slug, True, message, outcome.state, outcome.counts)
    mailed = confirm(registry, mailer_of(registry.settings), district, outcome.counts)
    students = outcome.counts.get("students_sent", 0)
    message = f"{slug}: active; {students:,} students were read ({outcome.state}). {mailed}"
    return FirstImport(slug, True, message, outcome.state, outcome.counts)
