"""What is said of a night: to the district's contacts, and to the technical team in one alarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import datetime
from typing import Any

from psycopg import Connection

from samegoal_sync.district import District
from samegoal_sync.districts.monitoring.unsettled_nights import Night
from samegoal_sync.districts.monitoring.worst_problem import REJECTS_SHARE
from samegoal_sync.mail.outbox import Letter, post_all
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.last_good_night import GOOD_STATES

#: Districts that one alarm names.
_NAMED = 20

_UNCHANGED = "What SameGoal showed before is unchanged."
_ALL_BUT_WITHHELD = (
    "What else SameGoal showed before is unchanged: only guardians who may not see a student went."
)

#: Kinds of morning mail, the gravest first.
_SUBJECTS = (
    ("failed", "the import failed"),
    ("held", "the import is held and waits for you"),
    ("rejects", "rows were rejected"),
    ("paused", "the import is paused"),
    ("published", "students and guardians were imported"),
)


def write_morning_mail(
    connection: Connection[Any],
    nights: Sequence[Night],
    districts: dict[str, District],
    now: datetime,
) -> list[str]:
    """Morning mail to the districts' contacts; what was written."""
    kinds, letters = {}, []
    for night in nights:
        district = districts[night.district]
        if due := district.settings.notify.intersection(mail_kinds(night)):
            letter = morning_letter(district, night, due)
            kinds[letter.key] = f"{district.slug}: mail {', '.join(sorted(due))}"
            letters.append((letter, district.contacts))
    new = post_all(connection, letters, now)
    return [words for key, words in kinds.items() if new[key]]


def mail_kinds(night: Night) -> Iterator[str]:
    """The kinds of morning mail that a night gives cause for."""
    if night.failed_for_good:
        yield "failed"
    if night.state in ("held", "paused"):
        yield night.state
    if night.state in GOOD_STATES:
        yield "published"
    sent, aside = (night.counts.get(f"students_{name}", 0) for name in ("sent", "rejected"))
    if sent and aside / sent > REJECTS_SHARE:
        yield "rejects"


def morning_letter(district: District, night: Night, kinds: Set[str]) -> Letter:
    """What is said to a district's contacts: what, who, how; counts, never names."""
    subject = next(text for kind, text in _SUBJECTS if kind in kinds)
    lines = [f"SameGoal Demographics Integration of {district.name}, night of {night.night}."]
    if night.message:
        lines += ["", night.message]
    if night.hint:
        lines += [f"What to do ({night.actor}): {night.hint}"]
    if kinds & {"failed", "held"}:
        removed = Findings.from_json(night.findings).restrictions_applied
        lines += ["", _ALL_BUT_WITHHELD if removed else _UNCHANGED]
    if night.counts:
        lines += ["", *_counted(night.counts)]
    lines += ["", "Details are in SameGoal under Settings > District Information."]
    return Letter(
        key=f"night-{night.id}-{district.slug}",
        subject=f"{district.name}: {subject}",
        body="\n".join(lines) + "\n",
        district=district.slug,
    )


def _counted(counts: dict[str, int]) -> list[str]:
    names = ("sent", "added", "changed", "unchanged", "rejected", "out_of_scope", "held")
    return [
        f"Students {name.replace('_', ' ')}: {counts[f'students_{name}']:,}"
        for name in names
        if counts.get(f"students_{name}")
    ]


def alarm(nights: Sequence[Night]) -> Letter:
    """Which nights need a person, in one letter, however many they are."""
    lines = [f"{one.district}: {one.state}, {one.message} ({one.actor})" for one in nights]
    more = len(lines) - _NAMED
    lines = lines[:_NAMED] + ([f"and {more:,} more"] if more > 0 else [])
    return Letter(
        key=f"nights-{max(one.id for one in nights)}",
        subject=f"{len(nights):,} districts' nights need a person",
        body="\n".join([*lines, "", "samegoal-sync status says what to do."]) + "\n",
    )
