"""SameGoal's CSV layouts: file header -> curated column, in the order of the file.

students.csv is SameGoal's published layout. guardians.csv is assumed, as SameGoal's guide to it
could not be read. Headers and their order stand in the columns' declarations.
"""

from __future__ import annotations

from samegoal_sync.demographics.columns.guardian_columns import GUARDIANS
from samegoal_sync.demographics.columns.student_columns import STUDENTS

STUDENTS_FILE = "students.csv"
GUARDIANS_FILE = "guardians.csv"

STUDENTS_LAYOUT = STUDENTS.file_layout
GUARDIANS_LAYOUT = GUARDIANS.file_layout
