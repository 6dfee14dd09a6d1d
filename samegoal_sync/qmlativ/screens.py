"""Where people find in Qmlativ what the API sends: the screens' own names, from the menu down."""

from __future__ import annotations

PROFILE = "Student Management > Students > Student Profile"
GENERAL = f"{PROFILE} > General"
NAME = f"{GENERAL} > Name"
ENROLLMENT = f"{PROFILE} > Entry/Withdrawal"
FAMILY = f"{PROFILE} > Family"
GUARDIANS = f"{FAMILY} > Guardians"
PHONES = f"{GUARDIANS} > Phone Numbers"
EMAIL = f"{GUARDIANS} > Email"
ADDRESSES = "Demographics > Addresses"
ZIP_CODES = f"{ADDRESSES} > Zip Codes"
CODES = "District > Codes"
DISTRICT = "District"
