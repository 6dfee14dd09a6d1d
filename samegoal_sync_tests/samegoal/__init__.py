"""Tests of the destination."""
