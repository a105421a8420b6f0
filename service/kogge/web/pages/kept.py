"""Level 8, web, pages: what is made of a whole state of the graph, once, and then kept for who asks again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

T = TypeVar("T")

MOST: Final = 48  # pictures and what they are made of, in three languages


class Kept:
    """The last `most` things that were made, by what they are of; what is being made is waited for."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, asyncio.Future[Any]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What was made for the key, or is made now. Raises what `make` raises; then it is made again."""
        making = self._made.get(key)
        if making is None or making.cancelled():
            making = self._made[key] = asyncio.ensure_future(make())
            making.add_done_callback(lambda done: self._forget(key, done))
        self._made.move_to_end(key)
        while len(self._made) > self._most:
            self._made.popitem(last=False)
        made: T = await asyncio.shield(making)  # who hangs up does not end it for others
        return made

    def _forget(self, key: Hashable, done: asyncio.Future[Any]) -> None:
        """Drops what could not be made."""
        if (done.cancelled() or done.exception()) and self._made.get(key) is done:
            del self._made[key]
