"""The pages, one module a place in the portal; ``routes.py`` lists them with who may see them."""
