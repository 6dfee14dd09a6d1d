"""How fields are asked for: ``searchFields=A&searchFields=B`` or ``searchFields[0]=A&…[1]=B``.

Both are met in public connectors, and a server that knows one way alone may ignore the other, or
heed one of its fields: it then sends little but keys, as if no field were shared. So where an
object's rows hold no more than one field beside the key, the other way is tried once, and what
brought more is remembered for the server's address as long as the process lives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from io import BytesIO
from typing import TypeVar

from samegoal_sync.qmlativ.errors import RequestRefused
from samegoal_sync.qmlativ.http.transport import Transport

T = TypeVar("T")

#: The fields that came in the rows; ``None`` where there are no rows to tell by.
SentFields = Callable[[T], Collection[str] | None]
_BAD_REQUEST = 400


class FieldStyle(StrEnum):
    """How the query names fields."""

    REPEATED = "searchFields"
    NUMBERED = "searchFields[{}]"

    @property
    def other(self) -> FieldStyle:
        repeated = self is FieldStyle.REPEATED
        return FieldStyle.NUMBERED if repeated else FieldStyle.REPEATED

    def params(self, fields: Sequence[str]) -> list[tuple[str, str]]:
        """The query that asks for these fields."""
        return [(self.value.format(number), name) for number, name in enumerate(fields)]


_styles: dict[str, FieldStyle] = {}
_styles_lock = threading.Lock()


class FieldQuery:
    """Sends searches of one server in the way that it understands; safe to share."""

    def __init__(self, transport: Transport, server: str) -> None:
        self._transport, self._server = transport, server
        self._tried: set[str] = set()

    def read_page(
        self,
        address: str,
        name: str,
        fields: Sequence[str],
        body: Mapping[str, object],
        read: Callable[[BytesIO], T],
        sent: SentFields[T],
        stop: threading.Event | None = None,
    ) -> T:
        """One page of an object, read.

        Args:
            fields: the primary key first.
            read / sent: make something of the body; tell which fields came in it.

        Raises:
            QmlativError: as ``Transport.search`` and ``read``.
        """

        def ask(style: FieldStyle) -> T:
            return read(self._transport.search(address, name, style.params(fields), body, stop))

        with _styles_lock:
            style = _styles.get(self._server, FieldStyle.REPEATED)
        try:
            result = ask(style)
        except RequestRefused as refusal:
            names_a_field = refusal.words.intersection(fields)
            if refusal.status != _BAD_REQUEST or names_a_field or not self._may_try(name):
                raise
            found = self._other(ask, style, fields, sent, 0)
            if found is None:
                raise
            return found
        heeded = _heeded(sent(result), fields)
        doubtful = heeded is not None and heeded <= 1 and len(fields) > heeded + 1
        if doubtful and heeded is not None and self._may_try(name):
            found = self._other(ask, style, fields, sent, heeded)
            return result if found is None else found
        return result

    def _other(
        self,
        ask: Callable[[FieldStyle], T],
        style: FieldStyle,
        fields: Sequence[str],
        sent: SentFields[T],
        known: int,
    ) -> T | None:
        """The same asked the other way; ``None`` where that brings no more fields."""
        try:
            result = ask(style.other)
        except RequestRefused:
            return None
        if (_heeded(sent(result), fields) or 0) <= known:
            return None
        with _styles_lock:
            _styles[self._server] = style.other
        return result

    def _may_try(self, name: str) -> bool:
        """Whether the other way was not tried for this object yet; now it is."""
        if name in self._tried:
            return False
        self._tried.add(name)
        return True


def _heeded(sent: Collection[str] | None, fields: Sequence[str]) -> int | None:
    """How many fields beside the key came; ``None`` where that can't be told."""
    if sent is None or len(fields) < 2:
        return None
    return sum(name in sent for name in fields[1:])
