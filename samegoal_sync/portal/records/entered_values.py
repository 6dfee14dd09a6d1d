"""Values that people type: how each is stored, or what is wrong with it in words for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from samegoal_sync.demographics.values.phones import written_phone

GENDERS = ("Female", "Male")
STATUSES = ("PRE_ENROLLED", "ENROLLED")
#: Letters of one field, at most; a column's own limit is no shorter.
_LONGEST = 100
_OLDEST = 30
_STUDENT_ID = re.compile(r"[A-Za-z0-9]{1,20}")
_STATE = re.compile(r"[A-Z]{2}")
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_PHONES = ("cell_phone", "home_phone", "work_phone")

Values = Mapping[str, str | None]


def student_problems(values: Values, today: date) -> dict[str, str]:
    """What is wrong with each field of a student; empty if nothing is."""
    errors = _too_long(values)
    if not _STUDENT_ID.fullmatch(values["student_id"] or ""):
        errors["student_id"] = "A Student Id has 1 to 20 letters and digits, nothing else."
    errors |= _names(values)
    if values["gender"] not in GENDERS:
        errors["gender"] = "Choose the legal gender."
    if values["district_enrollment"] not in STATUSES:
        errors["district_enrollment"] = "Choose one of the list."
    if wrong := _birth_date_problem(values["date_of_birth"], today):
        errors["date_of_birth"] = wrong
    return errors


def guardian_values(typed: Values) -> dict[str, str | None]:
    """As they are stored: phones as 505-555-0120, state in capitals; else as typed."""
    values = dict(typed)
    for name in _PHONES:
        values[name] = _phone(typed[name]) or typed[name]
    values["state"] = typed["state"].upper() if typed["state"] else None
    return values


def guardian_problems(values: Values) -> dict[str, str]:
    """What is wrong with each field of a guardian, as ``guardian_values`` gave them."""
    errors = _too_long(values) | _names(values)
    for name in _PHONES:
        if values[name] and not _phone(values[name]):
            errors[name] = (
                "This number can't be called. Enter area code and number, or + and the country's "
                "code."
            )
    if values["email"]:
        try:
            validate_email(values["email"], check_deliverability=False)
        except EmailNotValidError:
            errors["email"] = "This is no e-mail address. Documents are sent to it."
    if values["state"] and not _STATE.fullmatch(values["state"]):
        errors["state"] = "Two letters, as TX."
    if values["zip"] and not _ZIP.fullmatch(values["zip"]):
        errors["zip"] = "Five digits, or nine with a hyphen."
    return errors


def _too_long(values: Values) -> dict[str, str]:
    return {
        name: f"At most {_LONGEST} letters."
        for name, value in values.items()
        if value and len(value) > _LONGEST
    }


def _names(values: Values) -> dict[str, str]:
    return {
        name: "Enter the legal name; it is printed on documents."
        for name in ("last_name", "first_name")
        if not values[name]
    }


def _birth_date_problem(text: str | None, today: date) -> str | None:
    try:
        born = date.fromisoformat(text or "")
    except ValueError:
        return "Enter the date of birth as YYYY-MM-DD."
    if born > today:
        return "This day is still to come."
    if born < today.replace(year=today.year - _OLDEST, day=1):
        return f"A student was born within the last {_OLDEST} years."
    return None


def _phone(text: str | None) -> str | None:
    """As publication writes phones; what it takes of another country must be possible there too."""
    written = written_phone(text or "")
    if written is None:
        return None
    try:
        number = phonenumbers.parse(written, "US")
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return written if reason == phonenumbers.ValidationResult.IS_POSSIBLE else None
