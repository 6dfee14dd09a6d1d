"""The roles that several revisions grant rights to."""

from __future__ import annotations

#: The role that the portal takes on for each transaction: no owner, so row-level security holds.
PORTAL_ROLE = "samegoal_portal"
