"""A backup in one file, and the way back: tables as of one moment, frames, dagster.yaml."""
