"""Everything that Dagster sees: assets, checks, job, schedule, sensors, runs."""
