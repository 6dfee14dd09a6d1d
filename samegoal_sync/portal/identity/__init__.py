"""Who signs in, and what opens a page."""
