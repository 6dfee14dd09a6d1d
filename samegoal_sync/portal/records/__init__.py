"""What pages show, read from Postgres under row-level security."""
