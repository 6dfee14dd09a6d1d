"""One student refreshed between two nights."""
