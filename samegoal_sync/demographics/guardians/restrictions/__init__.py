"""Who may see a student: restrictions, those who resemble the restricted, peers, and values.

The table of cases is ``docs/restrictions.md``.
"""
