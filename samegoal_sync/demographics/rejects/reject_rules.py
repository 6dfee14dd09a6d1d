"""Every reject rule: what it is, why it is one, who fixes it, on which screen of Qmlativ, how.

``docs/rejects.md`` and ``samegoal-sync rejects`` are made of these lines; a rule without an
entry fails a check.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from samegoal_sync.errors import Actor
from samegoal_sync.qmlativ import screens


class RejectKind(StrEnum):
    """What is rejected: the whole row, one value, or nothing (someone should look)."""

    ROW = "row"
    VALUE = "value"
    NOTICE = "notice"


@dataclass(frozen=True)
class RejectRule:
    """One rule.

    Attributes:
        what: what was found.
        why: why it can't be published as it is.
        screen: where in Qmlativ it is fixed.
        remedy: what to do there.
        actor: who has to act.
    """

    kind: RejectKind
    what: str
    why: str
    screen: str
    remedy: str
    actor: Actor = Actor.DISTRICT


def _row(what: str, why: str, screen: str, remedy: str) -> RejectRule:
    return RejectRule(RejectKind.ROW, what, why, screen, remedy)


def _value(what: str, why: str, screen: str, remedy: str) -> RejectRule:
    return RejectRule(RejectKind.VALUE, what, why, screen, remedy)


def _notice(what: str, why: str, screen: str, remedy: str) -> RejectRule:
    return RejectRule(RejectKind.NOTICE, what, why, screen, remedy)


#: Also the finding that says how many there are.
RESTRICTION_WITHOUT_PAIR = "restriction_without_pair"

REJECT_RULES: dict[str, RejectRule] = {
    "student_id_blank": _row(
        "A student has no Student Number.",
        "The Student Number is the Student Id in SameGoal; without it nobody can be found.",
        screens.GENERAL,
        "Enter the Student Number.",
    ),
    "student_id_invalid": _row(
        "A Student Number is longer than 20 characters or holds other than letters and digits.",
        "SameGoal takes Student Ids of 1 to 20 letters and digits.",
        screens.GENERAL,
        "Correct the Student Number.",
    ),
    "student_id_twice": _row(
        "Two students have the same Student Number.",
        "Either could be the student of that Id in SameGoal; publishing one might show the "
        "record of the other.",
        screens.GENERAL,
        "Give one of the students another Student Number, or merge them if they are one.",
    ),
    "name_missing": _row(
        "The Name record of a student did not come.",
        "A student without a name can't be shown.",
        screens.NAME,
        "Open the student: if the name shows there, tell SameGoal; else enter it.",
    ),
    "name_invalid": _row(
        "A first or last name is blank, has no letter, has lost characters, or is longer than 80.",
        "Legal documents need the student's name as it is.",
        screens.NAME,
        "Enter the legal first and last name again.",
    ),
    "date_of_birth_blank": _row(
        "A student has no birth date.",
        "SameGoal requires it, and it tells students of one name apart.",
        screens.NAME,
        "Enter the birth date.",
    ),
    "date_of_birth_unreadable": _row(
        "A birth date is no date.",
        "A guessed date would stand in legal documents.",
        screens.NAME,
        "Enter the birth date again.",
    ),
    "date_of_birth_impossible": _row(
        "A birth date lies in the future, or before the district's age limit (30 unless set).",
        "It is a typing error, or the person is no student.",
        screens.NAME,
        "Correct the birth date.",
    ),
    "gender_not_accepted": _value(
        "The legal gender is neither male nor female.",
        "SameGoal's import takes only these; a preferred gender is entered in SameGoal by hand.",
        screens.NAME,
        "Correct the legal gender if it is wrong; else set it in SameGoal by hand.",
    ),
    "po_box_invalid": _value(
        "An address is a post office box of which no number is entered.",
        "Mail would go astray.",
        screens.ADDRESSES,
        "Enter the number of the box.",
    ),
    "zip_invalid": _value(
        "A zip code is neither five digits nor ZIP+4.",
        "Mail would go astray.",
        screens.ZIP_CODES,
        "Correct the zip code of the address.",
    ),
    "country_unknown": _value(
        "An address's country is neither a country's code nor its name.",
        "Mail abroad goes astray without its country.",
        screens.ZIP_CODES,
        "Choose the country of the zip code.",
    ),
    "language_unknown": _value(
        "A language has no two-letter ISO 639-1 code that could be found by its name or code.",
        "SameGoal stores the two-letter code, and a guess would send letters in a wrong language.",
        f"{screens.CODES} > Language",
        "Use the language's English name in the code's description, if it has such a code.",
    ),
    "enrollment_date_unreadable": _value(
        "A start or end date of the enrollment that counts is no date.",
        "District Enrollment depends on it.",
        screens.ENROLLMENT,
        "Enter the date again.",
    ),
    "text_damaged": _value(
        "A text has lost characters on its way.",
        "A half name or address is worse than the one published.",
        screens.PROFILE,
        "Enter the value again.",
    ),
    "text_too_long": _value(
        "A text is longer than its column takes.",
        "It was pasted into the wrong field; SameGoal and its documents have no room for it.",
        screens.PROFILE,
        "Shorten the value; docs/data-dictionary.md has the lengths.",
    ),
    "text_unexpected": _value(
        "A text has not the form of its column.",
        "SameGoal could not take it as it is.",
        screens.PROFILE,
        "Enter the value again.",
    ),
    "guardian_key_blank": _row(
        "A row of a student's guardians lacks the student or the guardian.",
        "Nobody can say whose guardian it is.",
        screens.GUARDIANS,
        "Remove the guardian and add them again.",
    ),
    "restriction_key_blank": _notice(
        "A restriction that holds today does not say of which guardian it is.",
        "Somebody may not see a student, and nobody can say who: all guardians are published.",
        screens.GUARDIANS,
        "Enter the restriction again on the guardian whom it is of.",
    ),
    RESTRICTION_WITHOUT_PAIR: _notice(
        "Restrictions that hold today are of guardians whom Qmlativ does not send for the student, "
        "and who are not published.",
        "Mostly the guardian was removed and the restriction stayed. If they were entered again, "
        "nobody can say so, and they are published.",
        screens.GUARDIANS,
        "Nothing, if the guardians were removed. Enter a restriction again on whoever was entered "
        "again.",
    ),
    "guardian_name_invalid": _row(
        "A last name of a guardian is blank, damaged, without a letter, or longer than 80 letters.",
        "Letters need a name.",
        screens.GUARDIANS,
        "Enter the guardian's name.",
    ),
    "guardian_minor_student": _row(
        "A guardian is an enrolled student under 18 (or of an age that is not known) and not "
        "clearly older than the student, as a parent is.",
        "A fellow student was picked by mistake; they would see a student's documents.",
        screens.GUARDIANS,
        "Replace the guardian by the right person. An adult student may be their own guardian. If "
        "the guardian is the student's parent, see that both birth dates are right.",
    ),
    "resembles_restricted": _row(
        "A guardian may be a restricted guardian of the same student under a second Name: name "
        "and birth date, e-mail or phone agree.",
        "The restriction is kept on one of the two records, and the other would show the student "
        "to the person who may not see them. A doubt counts as a restriction.",
        screens.GUARDIANS,
        "Merge the two Names if they are one person, or restrict both. If they are two people, "
        "enter both birth dates and each person's own e-mail and phone.",
    ),
    "may_be_restricted": _notice(
        "A guardian looks like a restricted guardian of the same student, but less than is needed "
        "to withhold them; they are published.",
        "Two records of one person are common, and a restriction is kept on one of them.",
        screens.GUARDIANS,
        "See whether they are one person: merge the two Names, or restrict both.",
    ),
    "phone_invalid": _value(
        "A phone number can't be called: not ten digits of a North American number.",
        "Nobody can be reached at it.",
        screens.PHONES,
        "Enter area code and number, or mark it international.",
    ),
    "email_invalid": _value(
        "A guardian's first e-mail is no e-mail address.",
        "SameGoal mails documents to it.",
        screens.EMAIL,
        "Correct the address.",
    ),
    "email_two_addresses": _value(
        "A guardian's e-mail field holds two addresses.",
        "One may be another person's, who would receive the student's documents.",
        screens.EMAIL,
        "Keep that person's own address; enter the other on the other person's record.",
    ),
    "email_of_restricted": _value(
        "A guardian's e-mail is also that of a guardian who may not see the student.",
        "A document mailed to it would reach the restricted person.",
        screens.EMAIL,
        "Enter the guardian's own address, and take this one off their record.",
    ),
    "phone_of_restricted": _value(
        "A guardian's phone is also that of a guardian who may not see the student.",
        "The restricted person may answer it.",
        screens.PHONES,
        "Enter the guardian's own number, and take this one off their record.",
    ),
    "restricted_without_contacts": _notice(
        "A restricted guardian is published, as the district chose, without e-mail and phones.",
        "A document mailed there would reach the person who may not see the student.",
        screens.GUARDIANS,
        "Nothing, if the restriction is right; else end it. Whether restricted guardians are "
        "published is a setting of the district.",
    ),
    "email_not_own": _value(
        "A guardian's e-mail is nobody's own: a filler (none@none.com), or an address that "
        "several guardians have who have no student in common.",
        "A document mailed to it would reach a stranger, or nobody.",
        screens.EMAIL,
        "Enter the guardian's own address, or leave it blank. How many guardians make an address "
        "nobody's own is a setting of the district.",
    ),
    "possible_duplicate": _notice(
        "Two students share legal name and birth date under two ids.",
        "They may be one student, whose documents would be split. They are never merged.",
        screens.GENERAL,
        "Merge them in Qmlativ if they are one. After the next night SameGoal asks under Problems "
        "whether the documents of the record that is gone belong to the one that stays.",
    ),
    "name_spoilt": _notice(
        "A name looks spoilt: an entity, a question mark in a word, letters of another encoding.",
        "It was damaged before it came; it is published as it is, for a repair would be a guess.",
        screens.NAME,
        "Enter the name again as the person writes it.",
    ),
    "exit_code_not_known": _notice(
        "A student left by a withdrawal code of which nobody knows what it means.",
        "The student is published as WITHDREW until the district says what the code means.",
        "This portal: District Information, Exit codes",
        "Choose what the code means.",
    ),
    "no_guardian": _notice(
        "A present student has no guardian in SameGoal.",
        "No guardian is entered, or all are restricted, rejected or beyond the district's choice.",
        screens.GUARDIANS,
        "Check the student's guardians.",
    ),
}

#: Why a student or a pair is not published although nothing is wrong with it.
SCOPE_REASONS: dict[str, str] = {
    "never_enrolled": "no enrollment in the last, the current or the coming school year",
    "other_district": "enrolled in entities of another district of the same Skyward system only",
    "left_before_last_school_year": "left before the last school year began",
    "student_unknown": "its student did not come",
    "student_rejected": "its student is rejected; what is published stays",
    "student_out_of_scope": "its student is out of scope",
    "restricted": "kept from the student by an active restriction",
    "beyond_choice": "beyond the guardians that the district chose to publish",
}
