"""What a column is called on a page."""

from __future__ import annotations

_LABELS = {
    "student_id": "Student Id",
    "date_of_birth": "Date of birth",
    "name_suffix": "Suffix",
    "district_enrollment": "District enrollment",
    "enrollment_reason": "Enrollment reason",
    "zip": "ZIP",
    "race": "Race and ethnicity",
    "home_language": "Home language",
    "district_of_residence": "District of residence",
    "county_of_residence": "County of residence",
    "district_of_service": "District of service",
    "student_reporting_id": "Student Reporting Id",
    "building_reporting_id": "Building Reporting Id",
    "sis_internal_id": "SIS Internal ID",
    "email": "E-mail",
    "custodial": "Custodial",
    "lives_with": "Lives with student",
    "pickup": "May pick up",
    "emergency_contact": "Emergency contact",
    "restricted": "Restricted access",
    "withheld": "Withheld",
    "preferred_gender": "Preferred gender",
    "historical_idle": "Historical / idle",
}

#: The parts of Details, and the columns of each.
STUDENT_SECTIONS = {
    "Student": (
        "last_name",
        "first_name",
        "middle_name",
        "name_suffix",
        "date_of_birth",
        "gender",
        "race",
        "home_language",
    ),
    "School": ("student_id", "building", "grade", "student_reporting_id", "building_reporting_id"),
    "Address": ("address", "city", "state", "zip"),
    "Districts": ("district_of_residence", "county_of_residence", "district_of_service"),
}

GUARDIAN_FIELDS = (
    "cell_phone",
    "home_phone",
    "work_phone",
    "email",
    "address",
    "city",
    "state",
    "zip",
    "language",
)

STATUS_WORDS = {
    "PRE_ENROLLED": "Pre-enrolled",
    "ENROLLED": "Enrolled",
    "TRANSFERRED": "Transferred",
    "WITHDREW": "Withdrew",
    "DROPPED_OUT": "Dropped out",
    "GRADUATED": "Graduated",
    "INACTIVE": "Inactive",
    "HISTORICAL_IDLE": "Historical / idle",
}


def label(name: str) -> str:
    """A column's label: its own words, or a clearer one."""
    if name in STATUS_WORDS:
        return STATUS_WORDS[name]
    return _LABELS.get(name) or name.replace("_", " ").capitalize()
