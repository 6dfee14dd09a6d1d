"""The columns: declared once, with where each comes from and what a frame of them carries."""
