"""A value that masks itself wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret, token or password; ``reveal`` is the only way to its text.

    It prints as ``********`` in messages, tracebacks and reprs, and can't be pickled into
    run configuration or events.
    """

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself: for the wire and the cipher, never for a message."""
        return self._text

    def __str__(self) -> str:
        return "********"

    def __repr__(self) -> str:
        return "Secret(********)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret can't be pickled")
