"""When a night is due, how every district stands, who is written to."""
