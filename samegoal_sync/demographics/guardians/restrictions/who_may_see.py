"""The rule, once: which guardians a student is not shown to, and which values are not theirs.

    active restriction ─▶ who resembles them ─▶ values of either on another guardian
    fellow students (peers)                     addresses that are nobody's own

Decided from raw frames alone, so that the night, one student's refresh and stored frames that
are curated again come to the same end. A doubt counts as a restriction. The table of cases is
docs/restrictions.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from samegoal_sync.demographics.columns.column import Contact
from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.guardians.restrictions.contact_values import (
    email_keys,
    keys_to_compare,
    phone_keys,
)
from samegoal_sync.demographics.guardians.restrictions.filler_emails import (
    is_filler,
    shared_addresses,
)
from samegoal_sync.demographics.guardians.restrictions.peers import peer_pairs
from samegoal_sync.demographics.guardians.restrictions.resemblance import (
    Person,
    Resemblance,
    people,
    resemblance,
)
from samegoal_sync.district import DistrictSettings
from samegoal_sync.qmlativ.raw_objects import RawObjects

RESTRICTED, RESEMBLES, PEER = "restricted", "resembles_restricted", "guardian_minor_student"


@dataclass(frozen=True)
class WhoMaySee:
    """The rule applied to a district's pairs.

    Attributes:
        pairs: ``StudentGuardianID, restricted, resembles, peer``, all pairs once. ``resembles``
            is true for who may be a restricted guardian under another NameID, ``doubtful`` for
            who looks like one, but not enough.
        values: StudentID -> keys of e-mails and phones of the guardians it is not shown to.
        shared: e-mail addresses that too many guardians have.
    """

    pairs: pl.DataFrame
    values: Mapping[int, frozenset[str]]
    shared: frozenset[str]

    def judged_values(self, described: pl.DataFrame) -> pl.DataFrame:
        """The rows with a flag a rule and column: ``email_of_restricted``, ``email_not_own``,
        ``cell_phone_of_restricted`` ...; and ``is_guarded`` where the student has a restricted
        guardian at all.

        Args:
            described: ``StudentGuardianID, StudentID`` and every contact that is declared.
        """
        kinds = GUARDIAN_TABLE.contacts
        names = [f"{column}_of_restricted" for column in kinds]
        guarded = described.filter(pl.col("StudentID").is_in(list(self.values)))
        flags = [
            [bool(_keys(kind, value) & self.values[student]) for kind, value in
             zip(kinds.values(), contacts, strict=True)]
            for student, *contacts in guarded.select("StudentID", *kinds).iter_rows()
        ]  # fmt: skip
        found = pl.DataFrame(flags, schema=dict.fromkeys(names, pl.Boolean), orient="row")
        return (
            described.join(
                found.with_columns(guarded.get_column("StudentGuardianID"), is_guarded=True),
                on="StudentGuardianID",
                how="left",
            )
            .with_columns(pl.col(*names, "is_guarded").fill_null(False))
            .with_columns(
                email_not_own=is_filler("email")
                | pl.col("email").str.to_lowercase().is_in(list(self.shared)).fill_null(False)
            )
        )


def who_may_see(
    raw: RawObjects,
    pairs: pl.DataFrame,
    students: Curated,
    settings: DistrictSettings,
    today: date,
) -> WhoMaySee:
    """Apply the rule to every pair of student and guardian.

    Args:
        raw: what was read; Student, Name, NameEmail, NamePhone and StudentGuardian count.
        pairs: ``StudentGuardianID, StudentID, NameIDGuardian, restricted``, each pair once.
        students: the curated students of the same read.
        settings: ``parent_years`` and ``shared_email_limit``.
        today: the district's local date.
    """
    resembling, values = _resembling(raw, pairs)
    peers = peer_pairs(raw, pairs, students, today, settings.parent_years)
    found = pl.DataFrame(
        list(resembling.items()), schema={"StudentGuardianID": pl.Int64, "found": pl.Int8},
        orient="row",
    )  # fmt: skip
    judged = pairs.select("StudentGuardianID", "restricted").join(
        found, on="StudentGuardianID", how="left"
    )
    return WhoMaySee(
        judged.select(
            "StudentGuardianID",
            "restricted",
            resembles=(pl.col("found") == Resemblance.PROBABLE).fill_null(False),
            doubtful=(pl.col("found") == Resemblance.PERHAPS).fill_null(False),
            peer=pl.col("StudentGuardianID").is_in(peers.implode()),
        ),
        values,
        shared_addresses(raw, settings.shared_email_limit),
    )


def _resembling(
    raw: RawObjects, pairs: pl.DataFrame
) -> tuple[dict[int, Resemblance], dict[int, frozenset[str]]]:
    """StudentGuardianID -> resemblance to a restricted one; StudentID -> their values."""
    concerned = pairs.join(pairs.filter("restricted"), on="StudentID", how="semi")
    known = people(raw, concerned.get_column("NameIDGuardian").unique())
    found: dict[int, Resemblance] = {}
    values: dict[int, frozenset[str]] = {}
    for (student,), rows in concerned.partition_by("StudentID", as_dict=True).items():
        of_student, kept_from = _of_one_student(rows, known)
        found |= of_student
        values[int(str(student))] = frozenset().union(*(known[n].contacts for n in kept_from))
    return found, values


def _of_one_student(
    rows: pl.DataFrame, known: Mapping[int, Person]
) -> tuple[dict[int, Resemblance], set[int]]:
    """Resemblances among one student's guardians, and whom the student is not shown to.

    Who resembles one who resembles a restricted guardian is one of them too.
    """
    kept_from = set(rows.filter("restricted").get_column("NameIDGuardian"))
    others = dict(
        rows.filter(~pl.col("restricted")).select("NameIDGuardian", "StudentGuardianID").iter_rows()
    )
    found = dict.fromkeys(others.values(), Resemblance.NONE)
    news = kept_from
    while news:
        for person, pair in others.items():
            most = max(resemblance(known[person], known[other]) for other in news)
            found[pair] = max(found[pair], most)
        news = {n for n, pair in others.items() if found[pair] is Resemblance.PROBABLE} - kept_from
        kept_from = kept_from | news
    return found, kept_from


def _keys(kind: Contact, value: str | None) -> frozenset[str]:
    return keys_to_compare((email_keys if kind is Contact.EMAIL else phone_keys)(value))
