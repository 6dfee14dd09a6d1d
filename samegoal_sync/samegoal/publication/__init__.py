"""Compare, judge, apply or hold: one transaction a district."""
