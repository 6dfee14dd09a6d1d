"""Rules by which publication itself sets a student aside; those of the middle are theirs."""

from __future__ import annotations

from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES, RejectKind, RejectRule

PUBLICATION_RULES: dict[str, RejectRule] = {
    "student_id_taken": RejectRule(
        RejectKind.ROW,
        what="The student has a Student Number that is still published for another student, and "
        "this read does not say what became of that one.",
        why="A refresh reads one student, and a night may be older than the other one's refresh. "
        "The next night reads everybody and moves the numbers as Qmlativ has them.",
        screen="Student Management > Students > Student Profile > General",
        remedy="Nothing: the next nightly import settles it. To settle it now, import the "
        "district (samegoal-sync sync DISTRICT).",
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
