"""The one place that builds addresses of the API.

Two numbers at the end of an object's address make a search; one makes an *update* of that
object, PUT a creation, DELETE a deletion. So addresses are built here, a page's always with
both numbers, and ``transport.py`` sends nothing but GET and POST to them.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z]+/[A-Za-z]+")


class Addresses:
    """Addresses under one API Base URL and prefix."""

    def __init__(self, base_url: str, prefix: str) -> None:
        self._root = f"{base_url}/{prefix}"

    def system_metadata(self) -> str:
        """Which districts and entities the access covers."""
        return f"{self._root}/GetSystemMetadata"

    def object_metadata(self, entity_id: int, name: str) -> str:
        """The fields of an object that are shared."""
        return f"{self._root}/{int(entity_id)}/{_checked(name)}"

    def page(self, entity_id: int, name: str, number: int, size: int) -> str:
        """A page of an object's rows: a search."""
        assert number >= 1
        assert size >= 1
        return f"{self._root}/{int(entity_id)}/{_checked(name)}/{int(number)}/{int(size)}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("an object's name is Module/Object")
    return name
