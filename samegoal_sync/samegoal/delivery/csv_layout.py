"""SameGoal's CSV layouts: file header -> curated column, in the order of the file.

students.csv is SameGoal's published layout. guardians.csv is assumed, as SameGoal's guide to it
could not be read: to change a header, change its line here and nothing else.
"""

from __future__ import annotations

STUDENTS_FILE = "students.csv"
GUARDIANS_FILE = "guardians.csv"

STUDENTS_LAYOUT: dict[str, str] = {
    "Student Id": "student_id",
    "Last Name": "last_name",
    "First Name": "first_name",
    "Middle Name": "middle_name",
    "Date of Birth": "date_of_birth",
    "Gender": "gender",
    "District Enrollment": "district_enrollment",
    "Grade": "grade",
    "Address": "address",
    "City": "city",
    "State": "state",
    "Zip": "zip",
    "Race": "race",
    "District of Residence": "district_of_residence",
    "County of Residence": "county_of_residence",
    "District of Service": "district_of_service",
    "Student Reporting Id": "student_reporting_id",
    "Building": "building",
    "Building Reporting Id": "building_reporting_id",
    "SIS Internal ID": "sis_internal_id",
}

GUARDIANS_LAYOUT: dict[str, str] = {
    "Student Id": "student_id",
    "Last Name": "last_name",
    "First Name": "first_name",
    "Middle Name": "middle_name",
    "Relationship": "relationship",
    "Address": "address",
    "City": "city",
    "State": "state",
    "Zip": "zip",
    "Home Phone": "home_phone",
    "Work Phone": "work_phone",
    "Cell Phone": "cell_phone",
    "Email": "email",
    "Priority": "priority",
    "Custodial": "custodial",
    "Lives With": "lives_with",
    "Language": "language",
    "SIS Internal ID": "guardian_id",
}
