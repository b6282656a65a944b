"""Many seats at once: bounded in number and time, each with its own end, through one connection to the jump host."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh
import pytest

from instances.remote.link import Link
from instances.remote.ways import Hop, Way
from instances.workshops.runs import over_ssh
from instances.workshops.runs.over_ssh import Errand, run_all
from portal.core.errors import PortalError

JUMP = Hop(
    instance_id="jump", address="192.0.2.1", port=22, login="heliojump", host_keys=("k",), certificate=True
)
Do = Callable[[Link], Awaitable[None]]


def way(number: int) -> Way:
    seat = Hop(
        instance_id=f"seat{number}",
        address=f"10.0.0.{number}",
        port=22,
        login="learner",
        host_keys=("k",),
        certificate=True,
    )
    return Way(f"seat{number}", f"seat {number}", (JUMP, seat))


class Connection:
    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True

    async def wait_closed(self) -> None:
        pass


class Network:
    """Where seats and their jump host are reached, or not: by the name of the machine, what happens there."""

    def __init__(self) -> None:
        self.troubles: dict[str, float | PortalError] = {}
        self.asked: list[str] = []
        self.open = self.most_open = 0

    async def reach(self, hop: Hop, name: str, *, person: str, tunnel: Any = None) -> Any:
        self.asked.append(hop.instance_id)
        self.open += hop.instance_id != "jump"
        self.most_open = max(self.most_open, self.open)
        try:
            trouble = self.troubles.get(hop.instance_id, 0.0)
            if isinstance(trouble, PortalError):
                raise trouble
            await asyncio.sleep(trouble)
            assert (tunnel is not None) == (hop.instance_id != "jump")
            return Connection()
        finally:
            self.open -= hop.instance_id != "jump"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network()
    monkeypatch.setattr(over_ssh, "reach", made.reach)
    return made


class Room:
    """So many seats, and what became of each."""

    def __init__(self, count: int, seconds: float = 0.3, work: float = 0.0) -> None:
        self.done: list[int] = []
        self.failed: dict[int, str] = {}
        self.errands = [self._errand(n, seconds, work) for n in range(count)]

    def _errand(self, number: int, seconds: float, work: float) -> Errand:
        async def do(link: Link) -> None:
            await asyncio.sleep(work)
            self.done.append(number)

        def failed(error: PortalError) -> None:
            self.failed[number] = error.id

        return Errand(way(number), "ada", do, failed, seconds)


def test_a_hundred_seats_of_which_ten_hang_are_over_in_bounded_time(network: Network) -> None:
    network.troubles = {f"seat{n}": 60.0 for n in range(0, 100, 10)}
    room = Room(100, seconds=0.5)
    begun = time.monotonic()
    run_all(room.errands, at_once=25)
    assert time.monotonic() - begun < 100 / 25 * 0.5 + 1
    assert len(room.done) == 90 and set(room.failed.values()) == {"workshops:seat-silent"}
    assert network.asked.count("jump") == 1


def test_no_more_at_once_than_is_said(network: Network) -> None:
    network.troubles = {f"seat{n}": 0.02 for n in range(40)}
    run_all(Room(40).errands, at_once=7)
    assert network.most_open == 7


def test_a_jump_host_that_is_away_fails_all_behind_it_after_one_try(network: Network) -> None:
    network.troubles = {"jump": PortalError("remote:timeout", outcome="retry", name="its jump host")}
    room = Room(50)
    run_all(room.errands)
    assert not room.done and set(room.failed.values()) == {"remote:timeout"}
    assert network.asked == ["jump"]


def test_a_way_that_is_none_is_told_as_what_it_is(network: Network) -> None:
    room = Room(1)
    no_way = PortalError("remote:building", outcome="retry", name="seat 0")
    errand = room.errands[0]
    run_all([Errand(no_way, "ada", errand.do, errand.failed, 1)])
    assert room.failed == {0: "remote:building"} and not network.asked


def test_one_that_hangs_while_it_works_is_left_alone(network: Network) -> None:
    slow, quick = Room(1, seconds=0.2, work=9), Room(3)
    run_all([*slow.errands, *quick.errands])
    assert slow.failed == {0: "workshops:seat-silent"} and len(quick.done) == 3


def test_a_mistake_of_ours_at_one_seat_cuts_off_no_other_and_is_heard_of(network: Network) -> None:
    room = Room(10)

    async def wrong(link: Link) -> None:
        raise KeyError("ours")

    bad = Errand(way(77), "ada", wrong, lambda error: None, 1)
    with pytest.raises(KeyError):
        run_all([bad, *room.errands])
    assert len(room.done) == 10


def test_a_jump_host_that_was_lost_meanwhile_is_connected_to_anew(network: Network) -> None:
    async def both() -> tuple[Any, Any, Any]:
        tunnels = over_ssh.Tunnels()
        first = await tunnels.through([JUMP], "ada")
        same = await tunnels.through([JUMP], "ada")
        assert first is not None
        first.abort()
        return first, same, await tunnels.through([JUMP], "ada")

    first, same, second = asyncio.run(both())
    assert first is same and second is not first and network.asked == ["jump", "jump"]


def test_nobody_is_visited_where_there_is_nothing_to_do(network: Network) -> None:
    run_all([])
    assert not network.asked


class Silent:
    """A process that takes what it is given, and neither ends nor says anything."""

    def __init__(self) -> None:
        self.closed = False
        self.stdin = self
        self.stdout = self

    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None:
        self.closed = True

    async def read(self, count: int) -> bytes:
        await asyncio.sleep(60)
        return b""


@pytest.mark.parametrize("how", ["told", "streamed"])
def test_a_seat_that_stands_still_is_given_up(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_ssh, "STALL_SECONDS", 0.1)
    process = Silent()

    class Conn(Connection):
        async def create_process(self, command: str, encoding: None) -> Any:
            return process

    async def ask() -> None:
        link = Link(way(1), [Conn()])  # type: ignore[list-item]
        if how == "told":
            await over_ssh.told(link, "cat", [b"x"] * 3)
        else:
            async for _ in over_ssh.Streamed(link, "tar", b"").pieces():
                raise AssertionError

    with pytest.raises(PortalError) as refusal:
        asyncio.run(ask())
    assert refusal.value.id == "remote:silent" and process.closed


def test_what_the_network_says_is_a_problem_in_words() -> None:
    class Conn(Connection):
        async def create_process(self, command: str, encoding: None) -> Any:
            raise asyncssh.ConnectionLost("gone")

    async def ask() -> None:
        await over_ssh.told(Link(way(1), [Conn()]), "cat", [])  # type: ignore[list-item]

    with pytest.raises(PortalError) as refusal:
        asyncio.run(ask())
    assert refusal.value.id == "remote:lost"
