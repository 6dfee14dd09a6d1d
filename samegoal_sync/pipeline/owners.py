"""Who owns the assets, in Dagster's words."""

from __future__ import annotations

OWNERS = ["team:samegoal-technical-team"]
