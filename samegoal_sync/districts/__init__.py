"""The registry: which districts are connected, their credentials, settings and states."""
