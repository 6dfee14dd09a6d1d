"""One student's record under row-level security: another district's student is not found."""

from __future__ import annotations

from uuid import UUID

from samegoal_sync.portal.errors import NotFound
from samegoal_sync.portal.tenant_connection import Rows
from samegoal_sync.samegoal.publication import student_details
from samegoal_sync.samegoal.publication.student_details import Record

__all__ = ["Record", "read_record"]


def read_record(connection: Rows, portal_id: UUID) -> Record:
    """Read a student of the connection's district.

    Raises:
        NotFound: the district has no such student.
    """
    record = student_details.read_record(connection, portal_id)
    if record is None:
        raise NotFound
    return record
