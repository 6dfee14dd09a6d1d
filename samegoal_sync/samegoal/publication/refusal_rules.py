"""Rules by which publication itself sets a student aside; those of the middle are theirs."""

from __future__ import annotations

from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES, RejectKind, RejectRule

PUBLICATION_RULES: dict[str, RejectRule] = {
    "student_id_taken": RejectRule(
        RejectKind.ROW,
        what="The student's Student Number is published in SameGoal for another Qmlativ student, "
        "or for one entered by hand while this one is published under another id.",
        why="Two people must never become one: what is published under the id stays.",
        screen="Student Management > Students > Student Profile > General",
        remedy="Find both students by this Student Number. If Qmlativ made a new record for the "
        "same child, merge the records there; if a number was given out again, change it. A "
        "student entered by hand twice is deleted in SameGoal by an administrative user.",
    ),
    "required_not_shared": RejectRule(
        RejectKind.ROW,
        what="A new student without name, birth date or status, because Qmlativ did not share "
        "that column tonight.",
        why="A published student keeps what is published; a new one has nothing to keep.",
        screen="Administration > Integration Access > SameGoal Demographics",
        remedy="See which columns were not shared (samegoal-sync status), and have Skyward grant "
        "their fields to SameGoal Demographics again. The student comes the night after.",
    ),
}

#: Every rule by which a row or value is rejected on its way from Qmlativ to SameGoal.
ALL_RULES = {**REJECT_RULES, **PUBLICATION_RULES}
