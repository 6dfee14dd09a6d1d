"""From the district's mail to the confirmation."""
