"""Templates, and the words that columns, languages and rejects have on a page."""
