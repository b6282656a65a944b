"""Reading ahead without growing: by counting, for files far larger than memory."""

import asyncio
from contextlib import aclosing

import asyncssh
import pytest

from instances.remote.files.reading import BLOCK, WINDOW, Shrank, Unasked, blocks, let_go, until_end

SHARED = bytes(BLOCK)


class Endless:
    """A file of any size that is nowhere; counts what is on its way and not taken."""

    def __init__(self, size: int, *, gives: int = BLOCK) -> None:
        self.size, self.gives = size, gives
        self.asked = self.taken = self.most = self.reads = 0
        self.closed = False

    async def read(self, size: int, offset: int) -> bytes:
        self.reads += 1
        self.asked += size
        self.most = max(self.most, self.asked - self.taken)
        if self.reads % 64 == 0:
            await asyncio.sleep(0)
        return SHARED[: max(0, min(size, self.gives, self.size - offset))]

    async def close(self) -> None:
        self.closed = True


async def test_ten_gigabytes_take_a_window_of_memory() -> None:
    size = 10 * 1024**3
    file = Endless(size)
    async with aclosing(blocks(file, 0, size)) as source:
        async for data in source:
            file.taken += len(data)
    assert file.taken == size and file.most <= WINDOW
    assert file.most > WINDOW / 2, "reads are on their way together"


async def test_who_does_not_take_stops_the_reading() -> None:
    file = Endless(10**12)
    async with aclosing(blocks(file, 0, 10**12)) as source:
        async for _ in source:
            await asyncio.sleep(0.05)
            assert file.asked <= WINDOW
            break
    before = file.reads
    await asyncio.sleep(0.05)
    assert file.reads == before


async def test_order_and_ranges_hold_whatever_the_server_gives() -> None:
    content = bytes(number * 7 % 256 for number in range(10_000))

    class Odd:
        async def read(self, size: int, offset: int) -> bytes:
            await asyncio.sleep((offset % 7) / 1000)
            return content[offset : offset + min(size, 37)]

        async def close(self) -> None: ...

    for start, stop in ((0, 10_000), (1, 2), (999, 5001), (5, 5)):
        parts = [part async for part in blocks(Odd(), start, stop, block=100, window=500)]
        assert b"".join(parts) == content[start:stop]


async def test_a_file_that_became_shorter_is_told() -> None:
    with pytest.raises(Shrank) as caught:
        async for _ in blocks(Endless(1000), 0, 5000, block=400, window=800):
            pass
    assert caught.value.at == 1000


async def test_a_server_that_sends_more_than_asked_is_not_believed() -> None:
    class Liar(Endless):
        async def read(self, size: int, offset: int) -> bytes:
            return bytes(size + 1)

    with pytest.raises(Unasked):
        async for _ in blocks(Liar(1000), 0, 1000):
            pass
    with pytest.raises(Unasked):
        async for _ in until_end(Liar(1000), block=10):
            pass


async def test_an_error_in_the_middle_comes_out_and_nothing_is_left_running() -> None:
    class Breaks(Endless):
        async def read(self, size: int, offset: int) -> bytes:
            if offset >= 400:
                raise asyncssh.SFTPConnectionLost("gone")
            return await super().read(size, offset)

    got = 0
    with pytest.raises(asyncssh.SFTPConnectionLost):
        async for data in blocks(Breaks(1000), 0, 1000, block=100, window=1000):
            got += len(data)
    assert got == 400
    assert len(asyncio.all_tasks()) == 1


async def test_until_the_end_for_files_that_do_not_know_it() -> None:
    assert b"".join([data async for data in until_end(Endless(1_000_000))]) == bytes(1_000_000)


async def test_a_machine_that_does_not_answer_is_left() -> None:
    class Silent(Endless):
        async def close(self) -> None:
            await asyncio.sleep(60)

    await asyncio.wait_for(let_go(Silent(1)), 3)
