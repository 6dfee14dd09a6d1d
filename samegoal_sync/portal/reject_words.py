"""A reject rule in words, whichever room set the row aside."""

from __future__ import annotations

from typing import Protocol

from samegoal_sync.demographics.reject_rules import REJECT_RULES
from samegoal_sync.errors import Actor
from samegoal_sync.samegoal.publication_rules import PUBLICATION_RULES, PublicationRule


class Words(Protocol):
    """What both kinds of rules tell."""

    @property
    def what(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def screen(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def actor(self) -> Actor: ...


def words_of(rule: str) -> Words:
    """The rule's words; a rule of an older version that is gone is told by its name."""
    found: Words | None = REJECT_RULES.get(rule) or PUBLICATION_RULES.get(rule)
    return found or PublicationRule(
        what=f"Set aside by the rule {rule}.",
        why="The rule is of another version of the import.",
        actor=Actor.TECHNICAL_TEAM,
        screen="",
        remedy="Wait for the next night, which names it anew.",
    )
