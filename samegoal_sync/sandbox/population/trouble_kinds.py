"""Trouble that real districts brought in, as a district can be given it on demand.

Each kind is one line of public reports about such imports: dates that end a restriction which
holds, two records of one parent, numbers exchanged, a box that holds another thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """What is wrong with a few students' records."""

    ZERO_DATES = "zero_dates"
    SECOND_RECORD = "second_record"
    VALUE_OF_RESTRICTED = "value_of_restricted"
    SHARED_EMAIL = "shared_email"
    FILLER_EMAIL = "filler_email"
    YOUNG_GUARDIAN = "young_guardian"
    PEER_GUARDIAN = "peer_guardian"
    PARENT_OF_17 = "parent_of_17"
    MERGE = "merge"
    MERGE_LOSER_STAYS = "merge_loser_stays"
    SWAP = "swap"
    RING = "ring"
    NEW_RECORD = "new_record"
    BOX_WITHOUT_NUMBER = "box_without_number"
    OTHER_BOX = "other_box"
    EXIT_CODE_WORDS = "exit_code_words"
    LANGUAGE_WORDS = "language_words"
    OLD_STUDENT = "old_student"
    OPEN_END = "open_end"
    SPOILT_NAME = "spoilt_name"
    PHONE_WRITINGS = "phone_writings"
    SMALL_COUNTRY = "small_country"


#: What each kind is, and what is right, for the command and the docs.
TROUBLES: dict[TroubleKind, str] = {
    TroubleKind.ZERO_DATES: "a restriction from 1900-01-01 to 1900-01-01: the guardian is withheld",
    TroubleKind.SECOND_RECORD: "a restricted father stands there under a second Name in capitals: "
    "both are withheld",
    TroubleKind.VALUE_OF_RESTRICTED: "a restricted father's e-mail, written otherwise, on the "
    "mother: she is published without it",
    TroubleKind.SHARED_EMAIL: "one e-mail on five families' guardians: rejected for all",
    TroubleKind.FILLER_EMAIL: "none@none.com: rejected",
    TroubleKind.YOUNG_GUARDIAN: "a guardian of 16 who is no student: published",
    TroubleKind.PEER_GUARDIAN: "a fellow student as guardian: withheld",
    TroubleKind.PARENT_OF_17: "a student of 17 as guardian of a child of three: published",
    TroubleKind.MERGE: "a record merged into another that takes its number, and gone: the number "
    "is the survivor's",
    TroubleKind.MERGE_LOSER_STAYS: "the same, but the record stays without a number",
    TroubleKind.SWAP: "two students exchange numbers: both are published",
    TroubleKind.RING: "three students pass their numbers on: all are published",
    TroubleKind.NEW_RECORD: "a student re-enrolls under a new StudentID with the old number",
    TroubleKind.BOX_WITHOUT_NUMBER: "POBox is 'P.O. BOX #': that value is rejected",
    TroubleKind.OTHER_BOX: "POBox is 'RR 2 Box 152': left as written",
    TroubleKind.EXIT_CODE_WORDS: "left by 'Death in the family': WITHDREW, and the code is listed",
    TroubleKind.LANGUAGE_WORDS: "home language 'Creole (Cape Verde)': rejected, and listed",
    TroubleKind.OLD_STUDENT: "a student of 26 and one day: kept",
    TroubleKind.OPEN_END: "an enrollment that ends on 01/01/1900: ENROLLED",
    TroubleKind.SPOILT_NAME: "a last name O&#39;Brien: published as sent, and reported",
    TroubleKind.PHONE_WRITINGS: "tel:+1-469-555-0123;ext=4, and a +1 number marked international: "
    "both published",
    TroubleKind.SMALL_COUNTRY: "CountryCode is us: ZIP+4 stays",
}


@dataclass(frozen=True)
class Trouble:
    """One kind, as it was given to a district.

    Attributes:
        kind: what.
        students: StudentIDs concerned, as the kind names them.
        numbers: their Student Numbers before it.
        guardians: NameIDs concerned, as the kind names them.
    """

    kind: TroubleKind
    students: tuple[int, ...]
    numbers: tuple[str, ...]
    guardians: tuple[int, ...]
