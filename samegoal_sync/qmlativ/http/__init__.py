"""One request and its answer: connection, token, limits, retries, refused addresses."""
