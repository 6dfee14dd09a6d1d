"""The destination: what SameGoal shows, published whole or not at all."""
