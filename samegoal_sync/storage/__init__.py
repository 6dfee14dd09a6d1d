"""Frames on disk: raw and curated ones, a folder a night, complete or absent."""
