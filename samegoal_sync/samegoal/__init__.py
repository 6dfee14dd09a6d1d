"""The destination: SameGoal's tables, transactional publication, CSV files."""
