"""A reject rule in words, whichever room rejected the row."""

from __future__ import annotations

from samegoal_sync.demographics.rejects.reject_rules import RejectKind, RejectRule
from samegoal_sync.errors import Actor
from samegoal_sync.samegoal.publication.refusal_rules import ALL_RULES


def words_of(rule: str) -> RejectRule:
    """The rule's words; a rule of another version that is gone is told by its name."""
    return ALL_RULES.get(rule) or RejectRule(
        RejectKind.NOTICE,
        what=f"Rejected by the rule {rule}.",
        why="The rule is of another version of the import.",
        screen="",
        remedy="Wait for the next night, which names it anew.",
        actor=Actor.TECHNICAL_TEAM,
    )
