"""How many requests of one person, and of one district, are answered at once.

A page is answered in one of forty threads, and some pages wait there: for an import that holds the
district, for a long search of the audit log. Forty clicks of one person kept everybody out for
twenty seconds. Whoever has their share waits here, where it costs no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from samegoal_sync.portal.errors import ManyAtOnce
from samegoal_sync.portal.identity.accounts import User

#: Of the forty threads. A browser asks for six things at once.
A_PERSON, A_DISTRICT = 6, 20
#: Passwords looked at: each takes a core for some time, whoever asks.
SIGN_INS = 8
_MOST_SECONDS = 30.0


@dataclass
class _Room:
    places: asyncio.Semaphore
    people: int = 0


class Turns:
    """The places that are taken; of the event loop that answers."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    @asynccontextmanager
    async def of(self, user: User) -> AsyncIterator[bool]:
        """A place for a request of this person; whether it had to wait for one.

        Raises:
            ManyAtOnce: it waited for long.
        """
        async with self.one_of(A_PERSON, f"person {user.id}") as waited:
            if user.district is None:
                yield waited
                return
            async with self.one_of(A_DISTRICT, f"district {user.district}") as waited_again:
                yield waited or waited_again

    @asynccontextmanager
    async def one_of(self, most: int, what: str) -> AsyncIterator[bool]:
        """One of so many places for what bears this name; otherwise as ``of``."""
        room = self._rooms.setdefault(what, _Room(asyncio.Semaphore(most)))
        room.people += 1
        try:
            waits = room.places.locked()
            try:
                await asyncio.wait_for(room.places.acquire(), _MOST_SECONDS)
            except TimeoutError:
                raise ManyAtOnce from None
            try:
                yield waits
            finally:
                room.places.release()
        finally:
            room.people -= 1
            if not room.people:
                del self._rooms[what]
