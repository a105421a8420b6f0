"""What pages keep of a state of the graph: made once, made again after a failure, and never too much."""

from __future__ import annotations

import asyncio

import pytest

from kogge.errors import Unavailable
from kogge.web.pages.kept import Kept


async def at_once() -> list[object]:
    kept, begun, go_on = Kept(), [], asyncio.Event()

    async def make() -> str:
        begun.append(True)
        await go_on.wait()
        return "made"

    first = asyncio.create_task(kept.get("picture", make))
    second = asyncio.create_task(kept.get("picture", make))
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    return [await second, await kept.get("picture", make), len(begun)]


def test_what_several_ask_for_at_once_is_made_once_even_if_the_first_hangs_up() -> None:
    assert asyncio.run(at_once()) == ["made", "made", 1]


def test_what_could_not_be_made_is_made_again() -> None:
    async def ask() -> int:
        kept, begun = Kept(), 0

        async def make() -> int:
            nonlocal begun
            begun += 1
            if begun == 1:
                raise Unavailable("Not now.")
            return begun

        with pytest.raises(Unavailable):
            await kept.get("picture", make)
        return await kept.get("picture", make)

    assert asyncio.run(ask()) == 2


def test_of_many_the_one_that_was_asked_for_longest_ago_goes() -> None:
    async def ask(*names: str) -> list[str]:
        kept, made = Kept(2), []
        for name in names:

            async def make(name: str = name) -> str:
                made.append(name)
                return name

            assert await kept.get(name, make) == name
        return made

    assert asyncio.run(ask("a", "b", "a", "c", "a", "b")) == ["a", "b", "c", "b"]
