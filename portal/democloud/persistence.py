"""The world on disk: one JSON file, replaced in one step, so that a restarted demo has its machines again."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from portal.democloud.clock import Clock
from portal.democloud.model_access import AccessData
from portal.democloud.state import Identity, RegionData, Timer, World

FORMAT = 1


@dataclass
class Saved:
    format: int
    identity: Identity
    regions: list[RegionData]
    timers: list[Timer] = field(default_factory=list)
    clock_offset: float = 0.0
    access: AccessData = field(default_factory=AccessData)


_adapter = TypeAdapter(Saved)


def dump(world: World) -> bytes:
    regions = [region.data for region in world.regions.values()]
    saved = Saved(FORMAT, world.identity, regions, world.timers(), world.clock.offset, world.access)
    return _adapter.dump_json(saved)


def write(path: Path, content: bytes) -> None:
    """Readable by this user only: it holds passwords, tokens and boot scripts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Unreadable(Exception):
    """The file is there but is no world of this version."""


def load(path: Path, clock: Clock) -> World | None:
    """The world of the file, None when there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        saved = _adapter.validate_json(content)
    except ValidationError as error:
        raise Unreadable(f"{path} is not a demo cloud's state: {error.error_count()} errors") from None
    if saved.format != FORMAT:
        raise Unreadable(f"{path} has format {saved.format}, this demo cloud reads {FORMAT}")
    clock.offset = saved.clock_offset
    world = World(saved.regions, saved.identity, clock=clock)
    world.access = saved.access
    for timer in saved.timers:
        world.add_timer(timer)
    return world
