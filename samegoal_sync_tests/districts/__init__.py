"""Tests of the registry, onboarding, mail and nights."""
