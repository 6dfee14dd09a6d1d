"""``student_demographics``: which enrollment counts, and one row a student."""
