"""``guardian_demographics``: who may be shown, in which order, one row a pair."""
