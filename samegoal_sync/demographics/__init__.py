"""The middle: pure polars transforms and pandera checks, from raw frames to curated ones."""
