"""The published rows as SameGoal's two files, and their way there."""
