"""What the transforms give: curated frames, what was rejected, and where every student went.

The contract between ``demographics`` (which fills it) and ``samegoal`` (which publishes it).

Three things that look alike are kept apart all the way to SameGoal:

* **blank**: Qmlativ says that there is no value. The cell is null and null is published.
* **invalid**: Qmlativ has a value that cannot be right. The cell is null *and* its column is
  named in the row's ``keep`` list: what is published stays, and a reject row says why. (Only
  ``district_enrollment`` and its reason, which are never null, hold what the rest tells: it is
  for a student of whom nothing is published yet.)
* **absent**: Qmlativ did not share the column tonight. The column is in ``absent``: what is
  published stays for every row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE

#: One row a student. Key ``student_id``.
STUDENT_COLUMNS = STUDENT_TABLE.schema

#: One row a student and guardian. Key ``student_id, guardian_id``.
GUARDIAN_COLUMNS = GUARDIAN_TABLE.schema

#: Columns (names) of this row whose published value stays because tonight's is invalid.
KEEP = "keep"
KEEP_TYPE = pl.List(pl.String())

#: In ``keep`` beside columns: who is published as having left stays so, in the way that is
#: published. Codes that tell it were not shared tonight. A student who is published as there
#: and has left by tonight's dates is published as having left all the same.
KEEP_HOW_LEFT = "how_left"
#: Statuses of those who are no longer there; which one it is, codes tell.
LEFT_STATUSES = ("TRANSFERRED", "WITHDREW", "DROPPED_OUT", "GRADUATED", "INACTIVE")

#: A value or a row rejected. ``key`` is Qmlativ's id of the row of ``object``; never a value.
#: A *notice* (severity ``value``, no column) rejects nothing: somebody should look
#: (possible duplicates, students without guardian).
REJECT_COLUMNS = pl.Schema(
    {
        "object": pl.String(),
        "key": pl.Int64(),
        "student_id": pl.String(),
        "column": pl.String(),
        "rule": pl.String(),
        "severity": pl.String(),
    }
)

#: Where every student that Qmlativ sent went. ``outcome`` is ``curated``, ``rejected`` or
#: ``out_of_scope``; ``reason`` is the rule's name where it is not ``curated``. ``student_id`` is
#: null where there is none, and out of scope also where another student has that number now;
#: two students rejected for one number both show it.
STUDENT_ACCOUNT = pl.Schema(
    {
        "sis_internal_id": pl.Int64(),
        "student_id": pl.String(),
        "outcome": pl.String(),
        "reason": pl.String(),
    }
)

#: Where every pair of student and guardian went. ``outcome`` is ``curated``, ``rejected``
#: (what is published of this pair stays), ``withheld`` (it is removed: restricted, a minor,
#: beyond the district's choice) or ``out_of_scope`` (its student is not curated tonight).
GUARDIAN_ACCOUNT = pl.Schema(
    {
        "student_id": pl.String(),
        "guardian_id": pl.Int64(),
        "outcome": pl.String(),
        "reason": pl.String(),
    }
)


#: Contacts of curated guardians that are not theirs (a restricted guardian's, or nobody's own):
#: blank in the frame, and removed from what is published whatever becomes of the night.
DENIED_COLUMNS = pl.Schema(
    {"student_id": pl.String(), "guardian_id": pl.Int64(), "column": pl.String()}
)


#: Guardians whom a student is not shown to, whatever becomes of the student's own row tonight: a
#: row a guardian, and a row a key (``contact_values.py``) of an e-mail or phone of theirs.
KEPT_AWAY_COLUMNS = pl.Schema(
    {
        "sis_internal_id": pl.Int64(),
        "guardian_id": pl.Int64(),
        "reason": pl.String(),
        "contact": pl.String(),
    }
)

#: StudentGuardianIDs: of every pair that was sent, and, without student and guardian, of every
#: active restriction whose pair was not.
PAIR_ID_COLUMNS = pl.Schema(
    {
        "student_guardian_id": pl.Int64(),
        "sis_internal_id": pl.Int64(),
        "guardian_id": pl.Int64(),
    }
)


#: A number, a short note, names, or how often each of some words occurs.
Noted = int | float | str | list[str] | dict[str, int]


@dataclass(frozen=True)
class Curated:
    """A curated frame with its rejects and its account.

    Attributes:
        frame: ``STUDENT_COLUMNS`` or ``GUARDIAN_COLUMNS``, plus ``keep``.
        rejects: ``REJECT_COLUMNS``; ``severity`` is ``row`` or ``value``.
        account: ``STUDENT_ACCOUNT`` or ``GUARDIAN_ACCOUNT``: every key once.
        absent: columns that Qmlativ did not share tonight.
        complete: whether every object this frame needs was read completely. Guardians that are not
            complete are never published: they would be replaced as a set by half a set.
        findings: numbers and short notes for the asset (confidential phones withheld,
            students without guardians, possible duplicates, buildings not matched ...);
            counts and names of columns only, never a student's value.
        read_at: when Qmlativ was read (aware): the oldest moment of the objects that this frame
            is made of, guardians' names and families aside. ``None``: nobody knows.
        denied: ``DENIED_COLUMNS``, of guardians only.
        kept_away: ``KEPT_AWAY_COLUMNS``, of guardians only.
        pair_ids: ``PAIR_ID_COLUMNS``, of guardians only.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    account: pl.DataFrame
    absent: frozenset[str] = frozenset()
    complete: bool = True
    findings: dict[str, Noted] = field(default_factory=dict)
    read_at: datetime | None = None
    denied: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DENIED_COLUMNS))
    kept_away: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KEPT_AWAY_COLUMNS))
    pair_ids: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PAIR_ID_COLUMNS))
