"""Who lives in a simulated district, and what a day changes."""
