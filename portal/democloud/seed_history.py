"""What happened before: servers that are gone, and what was done to those that are there, as Nova's record has it.

The record agrees with how the machines stand, and roughly with what `seed_accounting` says was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from portal.democloud.clock import second
from portal.democloud.model_compute import ActionEvent, InstanceAction, Server
from portal.democloud.seed_catalogue import stable_uuid
from portal.democloud.seed_servers import Old, server_of
from portal.democloud.state import Region, World

_TOOK = timedelta(seconds=20)
# Nothing a deleted server had is left, a host least of all: so it is made like one that has none.
_HOSTLESS = "shelved_offloaded"
Deed = tuple[str, float]

# What was done to machines that are there: (action, days ago), oldest first.
DEEDS: dict[str, tuple[Deed, ...]] = {
    "assembly-main": (("shelve", 14.5), ("unshelve", 12.0)),
    "annotation-db": (("stop", 20.0),),
    "old-pipeline": (("shelve", 172.0),),
    "bob-notebook": (("suspend", 1.2),),
    "tree-builder": (("resize", 0.1),),
    "bigmem-trial": (("shelve", 29.4), ("unshelve", 2.6), ("stop", 2.5)),
    "trainer-a100": tuple(
        deed for day in range(11, 0, -1) for deed in (("shelve", day + 0.4), ("unshelve", float(day)))
    ),
    "dave-homework": (("stop", 2.6),),
}
# Servers that are gone: when they were made is in `days`; then how many days ago they were deleted, and what was done.
GONE: tuple[tuple[Old, float, tuple[Deed, ...]], ...] = (
    (Old("assembly-2025", "BIO220047", "alice", "m3.xl", "Featured-Ubuntu22", days=188), 96, ()),
    (
        Old("grass-phylogeny", "BIO220047", "bob", "m3.large", "Featured-Ubuntu24", days=110),
        41,
        (("stop", 81.0), ("start", 74.0)),
    ),
    (Old("kmer-count", "BIO220047", "bob", "m3.medium", "Featured-RockyLinux9", days=75), 52, ()),
    (Old("quick-check", "BIO220047", "alice", "m3.quad", "Featured-Ubuntu24", days=12), 11, ()),
    (
        Old("trainer-2025", "CIS220046", "alice", "g3.xl", "Featured-Ubuntu22", days=200),
        137,
        (("shelve", 160.0), ("unshelve", 158.5)),
    ),
    (Old("grader", "TRA220028", "carol", "m3.large", "Featured-Ubuntu24", days=80), 45, ()),
    (Old("lattice-test", "PHY220011", "bob", "m3.2xl", "Featured-RockyLinux9", days=140), 62, ()),
)
_WEEKS, _SEATS, _CLASS_HOURS = 8, 12, 3


def add_gone(world: World, region: Region) -> None:
    for old, ended, deeds in (*GONE, *_classes()):
        _gone(world, region, old, ended, deeds)


def add_deeds(world: World, region: Region) -> None:
    """What was done to the servers that are there; those that changed last come last."""
    servers = list(region.data.servers.values())
    for server in servers:
        if not server.gone:
            _done(world, server, DEEDS.get(server.name, ()))
    for server in sorted(servers, key=lambda each: each.updated):
        region.touch_server(server, server.updated)


def _classes() -> list[tuple[Old, float, tuple[Deed, ...]]]:
    """A lesson of three hours each week, a machine for everybody, deleted when it was over."""
    return [
        (
            Old(
                f"class-week{_WEEKS - week + 1}-seat{seat:02}",
                "TRA220028",
                "carol",
                "m3.quad",
                "Featured-Ubuntu24",
                days=7 * week - 2 + _CLASS_HOURS / 24,
            ),
            7 * week - 2,
            (),
        )
        for week in range(_WEEKS, 0, -1)
        for seat in range(1, _SEATS + 1)
    ]


def _gone(world: World, region: Region, old: Old, ended: float, deeds: Sequence[Deed]) -> None:
    server = server_of(world, region, replace(old, vm_state=_HOSTLESS))
    _done(world, server, (*deeds, ("delete", ended)))
    server.vm_state, server.gone = "deleted", True
    server.updated = server.terminated_at = server.actions[-1].updated_at
    region.add_server(server)


def _done(world: World, server: Server, deeds: Sequence[Deed]) -> None:
    for number, (action, ago) in enumerate(deeds):
        began = second(world.now() - timedelta(days=ago))
        server.actions.append(_line(server, action, number, began))
        server.updated = began + _TOOK


def _line(server: Server, action: str, number: int, began: datetime) -> InstanceAction:
    line = InstanceAction(
        f"req-{stable_uuid('req', server.id, action, str(number))}",
        action,
        server.user_id,
        server.project_id,
        began,
        began + _TOOK,
    )
    line.events.append(ActionEvent(f"compute_{action}_instance", began, began + _TOOK, "Success"))
    return line
