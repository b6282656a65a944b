"""One machine's whole life by the commands alone: on the demo cloud in a test, on a real one by `tests.lab.tools`.

`Runner.run(lines)` runs a snippet of one kind and gives what it printed; what came of it is looked up at the cloud.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from instances.commands.facts import Ask, Launch, Machine, Place, Snippet
from instances.commands.snippets import of_action, of_launch

NAME = 'x"; rm -rf ~ # $(id) ${var.x}'


class Runner(Protocol):
    kind: str

    def run(self, text: str) -> str: ...


@dataclass
class Life:
    """`cloud` is an openstack connection that looks; everything that is done is done by `runner`."""

    cloud: Any
    runner: Runner
    place: Place
    patience: float = 120
    pause: float = 0.1
    # Nova's fake driver makes a record of an image, and never puts a disk into it.
    images_end: bool = True
    # What the machine, and an image of it, are called after a while.
    name: str = NAME
    say: Callable[[str], None] = lambda words: None

    def launch(self, wanted: Launch) -> list[Any]:
        before = {server.id for server in self.cloud.compute.servers()}
        self._run(of_launch(self.place, wanted), "launch")
        named = [server for server in self.cloud.compute.servers() if server.name in wanted.names]
        made = [server for server in named if server.id not in before]
        assert sorted(server.name for server in made) == sorted(wanted.names)
        return [self.settled(server.id, "ACTIVE") for server in made]

    def act(self, server_id: str, action: str, status: str = "", **params: Any) -> Any:
        """Do it by the command; `status` is what the server is in then."""
        self._run(of_action(self.place, [self.machine(server_id)], Ask(action=action, params=params)), action)
        return self.settled(server_id, status) if status else None

    def all(self, ids: list[str], action: str, status: str, **params: Any) -> None:
        machines = [self.machine(one) for one in ids]
        self._run(
            of_action(self.place, machines, Ask(action=action, params=params)), f"{action} of {len(ids)}"
        )
        for one in ids:
            self.settled(one, status)

    def machine(self, server_id: str) -> Machine:
        found = self.cloud.compute.get_server(server_id)
        return Machine(
            id=found.id,
            name=found.name,
            status=found.status,
            flavor=found.flavor["original_name"],
            addresses=tuple(self.addresses(found)),
        )

    def addresses(self, server: Any) -> list[str]:
        nets = (server.addresses or {}).values()
        return [one["addr"] for net in nets for one in net if one.get("OS-EXT-IPS:type") == "floating"]

    def settled(self, server_id: str, *statuses: str) -> Any:
        return self.until(
            lambda: self._if(self.cloud.compute.get_server(server_id), statuses), f"{server_id} in {statuses}"
        )

    def _if(self, server: Any, statuses: tuple[str, ...]) -> Any:
        assert server.status != "ERROR" or "ERROR" in statuses, server.fault
        return server if server.status in statuses and not server.task_state else None

    def until(self, look: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(self.pause)
        raise AssertionError(f"never: {what}")

    def gone(self, server_id: str) -> None:
        self.until(lambda: self.cloud.compute.find_server(server_id) is None, f"{server_id} gone")

    def _run(self, found: list[Snippet], what: str) -> None:
        text = next(snippet.text for snippet in found if snippet.kind == self.runner.kind)
        began = time.monotonic()
        self.runner.run(text)
        self.say(f"{self.runner.kind:4} {what:24} {time.monotonic() - began:5.1f} s")


def whole(life: Life, wanted: Launch, *, larger: str, other_image: str, rebuilds: bool = True) -> None:
    """Every action of the table, once, and what came of each."""
    [server] = life.launch(wanted)
    at = server.id
    try:
        _power(life, at)
        _change(life, at, larger, other_image if rebuilds else "")
        _addresses(life, at)
        life.act(at, "shelve", "SHELVED_OFFLOADED", release_address=False)
        life.act(at, "unshelve", "ACTIVE")
    finally:
        found = life.cloud.compute.find_server(at)
        if found is not None:
            if found.is_locked:
                life.cloud.compute.unlock_server(at)
            life.act(at, "delete", release_address=True)
    life.gone(at)
    assert not [ip for ip in life.cloud.network.ips() if ip.floating_ip_address in life.addresses(server)]


def _power(life: Life, at: str) -> None:
    life.act(at, "stop", "SHUTOFF")
    life.act(at, "start", "ACTIVE")
    life.act(at, "reboot", "ACTIVE")
    life.act(at, "hard_reboot", "ACTIVE")
    life.act(at, "suspend", "SUSPENDED")
    life.act(at, "resume", "ACTIVE")
    life.cloud.compute.pause_server(at)
    life.settled(at, "PAUSED")
    life.act(at, "resume", "ACTIVE")
    life.act(at, "lock", "ACTIVE")
    assert life.cloud.compute.get_server(at).is_locked
    life.act(at, "unlock", "ACTIVE")
    assert not life.cloud.compute.get_server(at).is_locked


def _change(life: Life, at: str, larger: str, other_image: str) -> None:
    life.act(at, "rename", "ACTIVE", name=life.name)
    assert life.cloud.compute.get_server(at).name == life.name
    for answer in ("revert_resize", "confirm_resize"):
        life.act(at, "resize", "VERIFY_RESIZE", flavor=larger)
        life.act(at, answer, "ACTIVE")
    assert life.cloud.compute.get_server(at).flavor["original_name"] == larger
    life.act(at, "snapshot", name=f"{life.name} kept")
    image = life.until(lambda: life.cloud.image.find_image(f"{life.name} kept"), "the image")
    if life.images_end:
        life.until(lambda: life.cloud.image.get_image(image).status == "active", "the image is active")
    assert life.cloud.image.get_image(image).properties.get("from-exosphere") == "true"
    life.cloud.image.delete_image(image)
    if other_image:
        life.act(at, "rebuild", "ACTIVE", image_id=other_image)
    life.act(at, "console")


def _addresses(life: Life, at: str) -> None:
    """Taken and kept, given back, released, and a new one."""
    server = life.until(lambda: _with_address(life, at), "a public address")
    [kept] = life.addresses(server)
    life.act(at, "unassign_address", release=False)
    life.until(lambda: not _with_address(life, at), "no public address")
    assert kept in {ip.floating_ip_address for ip in life.cloud.network.ips()}
    life.act(at, "assign_address", address=kept)
    life.until(lambda: _with_address(life, at), "the public address again")
    life.act(at, "unassign_address", release=True)
    life.until(lambda: not _with_address(life, at), "no public address")
    assert kept not in {ip.floating_ip_address for ip in life.cloud.network.ips()}
    life.act(at, "assign_address", address="new")
    life.until(lambda: _with_address(life, at), "a new public address")


def _with_address(life: Life, at: str) -> Any:
    found = life.cloud.compute.get_server(at)
    return found if life.addresses(found) else None


def several(life: Life, wanted: Launch) -> None:
    """Two at once, stopped together and deleted together."""
    ids = [server.id for server in life.launch(wanted)]
    life.all(ids, "stop", "SHUTOFF")
    machines = [life.machine(one) for one in ids]
    life._run(of_action(life.place, machines, Ask(action="delete", params={})), "delete of several")
    for one in ids:
        life.gone(one)
