"""Tonight beside what is published: one comparison, in temporary tables of one transaction.

The tables are made by ``compare`` (compare.py) and end with the transaction. Preview, held night
and publication make the same ones, count and judge them; only a publication applies them.

==================  ============================================================================
``sent_keys``       key and hash of every student that Qmlativ sent
``matched``         the same, each with the row under which the student is published
``sent_students``   complete rows of those that may change
``next_students``   these rows as they would be published
``moved``           records whose key changes: to another Student Id, or because they are closed
``presence``        students that went missing tonight, and those that are back
``sent_pairs``      key and hash of every student and guardian that Qmlativ sent
``pairs``           the same beside every published pair of tonight's students
``sent_guardians``  complete rows of those that may change
``next_guardians``  these rows as they would be published
``removed``         published pairs that go
``denied``          contacts of tonight's pairs that are not theirs
``kept_away``       who may not see a student, and keys of their e-mails and phones
``blanked``         published contacts of other guardians that are theirs, or may be
``waiting``         who would change but waits, while a district takes additions only
``tonight_changes`` every field that changes, as it will be recorded
==================  ============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import polars as pl
from psycopg import Connection, Cursor, sql

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.samegoal.publication.staging import stage


class Coverage(Enum):
    """Whose frames are compared."""

    #: The complete district: whoever is not in them is missing.
    DISTRICT = auto()
    #: The students who are in them, and nobody else.
    THESE_STUDENTS = auto()


@dataclass(frozen=True)
class Comparison:
    """A comparison and the transaction in which it lives.

    Attributes:
        connection: its transaction; the caller holds it and the district's lock.
        slug: the district. Every query gets it as ``%(slug)s``.
        students / guardians: what the transforms gave.
        coverage: whose frames these are.
    """

    connection: Connection[Any]
    slug: str
    students: Curated
    guardians: Curated
    coverage: Coverage

    def execute(self, query: str | sql.SQL | sql.Composed, **values: Any) -> Cursor[Any]:
        """Run a query of this package; ``%(slug)s`` is the district."""
        text = query.encode() if isinstance(query, str) else query
        return self.connection.execute(text, {"slug": self.slug, **values})

    def script(self, statements: str) -> None:
        """Run several statements, without parameters."""
        self.connection.execute(statements.encode())

    def row(self, query: str | sql.SQL | sql.Composed, **values: Any) -> tuple[Any, ...]:
        """The only row of a query that always gives one."""
        row = self.execute(query, **values).fetchone()
        assert row is not None
        return tuple(row)

    def stage(self, table: str, frame: pl.DataFrame) -> None:
        """Copy a frame into one of the comparison's tables."""
        stage(self.connection, table, frame)
