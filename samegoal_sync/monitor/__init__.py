"""A program beside Dagster's daemon: metrics of the fleet, and the alarm when nothing ticks."""
