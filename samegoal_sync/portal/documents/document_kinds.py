"""The kinds of documents: what each is called, what it copies, what staff write in it."""

from __future__ import annotations

from dataclasses import dataclass

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE

#: What a new document copies of the student and of each guardian.
STUDENT_COPIED = STUDENT_TABLE.copied
GUARDIAN_COPIED = GUARDIAN_TABLE.copied


@dataclass(frozen=True)
class Kind:
    """A kind of document; ``short`` where room is scarce, ``sections``: name -> what is asked."""

    title: str
    short: str
    sections: dict[str, str]


KINDS = {
    "iep": Kind(
        "Individualized Education Program (IEP)",
        "IEP",
        {
            "present_levels": "Present levels of academic achievement and functional performance",
            "annual_goals": "Measurable annual goals",
            "services": "Special education and related services",
            "placement": "Least restrictive environment and placement",
        },
    ),
    "etr": Kind(
        "Evaluation Team Report (ETR)",
        "ETR",
        {
            "reason": "Reason for evaluation",
            "summary": "Summary of assessment results",
            "needs": "Educational needs and implications for instruction",
            "eligibility": "Eligibility determination",
        },
    ),
    "plan_504": Kind(
        "Section 504 Plan",
        "504 Plan",
        {
            "impairment": "Impairment and the major life activity that it limits",
            "accommodations": "Accommodations and services",
            "review": "Review date and participants",
        },
    ),
    "prior_written_notice": Kind(
        "Prior Written Notice",
        "Prior Written Notice",
        {
            "action": "Action proposed or refused by the district",
            "explanation": "Why the district proposes or refuses it",
            "options": "Other options considered, and why they were rejected",
            "basis": "Evaluations, records and reports used as a basis",
        },
    ),
}
