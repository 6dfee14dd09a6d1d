"""Rules by which publication itself sets a student aside; those of the middle are theirs."""

from __future__ import annotations

from dataclasses import dataclass

from samegoal_sync.errors import Actor


@dataclass(frozen=True)
class PublicationRule:
    """A rule, as reject rules are told: what, why, who acts, where, and what to do."""

    what: str
    why: str
    actor: Actor
    screen: str
    remedy: str


PUBLICATION_RULES: dict[str, PublicationRule] = {
    "student_id_taken": PublicationRule(
        what="The student's Student Number is published in SameGoal for another Qmlativ student, "
        "or for one entered by hand while this one is published under another id.",
        why="Two people must never become one: what is published under the id stays.",
        actor=Actor.DISTRICT,
        screen="Student > Student Profile > General (Student Number)",
        remedy="Find both students by this Student Number. If Qmlativ made a new record for the "
        "same child, merge the records there; if a number was given out again, change it. A "
        "student entered by hand twice is deleted in SameGoal by an administrative user.",
    ),
    "required_not_shared": PublicationRule(
        what="A new student without name, birth date or status, because Qmlativ did not share "
        "that column tonight.",
        why="A published student keeps what is published; a new one has nothing to keep.",
        actor=Actor.DISTRICT,
        screen="Administration > Integration Access > SameGoal Demographics",
        remedy="See which columns were not shared (samegoal-sync status), and have Skyward grant "
        "their fields to SameGoal Demographics again. The student comes the night after.",
    ),
}
