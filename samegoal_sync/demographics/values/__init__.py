"""One kind of value a file: how it is cleaned, and when it can't be right."""
