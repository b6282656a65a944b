"""`stress`: loads a guest's processors, memory and GPUs for a while, so that its graphs move."""

import asyncio
import re
from typing import TYPE_CHECKING

from portal.democloud.guest_load import Stress

if TYPE_CHECKING:
    from portal.democloud.guest_program import Process

USAGE = "usage: stress [--cpu N] [--vm N] [--vm-bytes 1G] [--gpu] [--timeout 60s] | stress SECONDS\n"
LONGEST = 24 * 3600.0
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([smhKMGTb%]?)")
_SCALE = {"": 1, "s": 1, "m": 60, "h": 3600, "b": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


async def stress(process: "Process", args: list[str]) -> int:
    try:
        options = _options(args)
        spell = _spell(process, options)
    except ValueError:
        await process.err(USAGE)
        return 1
    seconds = spell.end - spell.start
    await process.out(f"stress: info: [{process.host.next_pid()}] dispatching hogs for {seconds:.0f}s\n")
    process.host.load.add(spell)
    try:
        await asyncio.sleep(seconds)
    finally:
        process.host.load.cancel(spell)
    await process.out(f"stress: info: successful run completed in {seconds:.0f}s\n")
    return 0


def _options(args: list[str]) -> dict[str, str]:
    """`--cpu 4`, `--cpu=4`, `-c 4`, `--gpu`, or a bare number of seconds."""
    short = {"-c": "cpu", "-m": "vm", "-t": "timeout"}
    found: dict[str, str] = {}
    rest = [part for arg in args for part in arg.split("=", 1)]
    while rest:
        word = rest.pop(0)
        name = short.get(word) or word.removeprefix("--")
        if name == "gpu":
            found["gpu"] = "1"
        elif name in {"cpu", "vm", "vm-bytes", "timeout"} and rest:
            found[name] = rest.pop(0)
        elif word.isdigit():
            found["timeout"] = word
        else:
            raise ValueError(word)
    return found


def _spell(process: "Process", options: dict[str, str]) -> Stress:
    spec = process.host.spec
    seconds = min(LONGEST, _amount(options.get("timeout", "60")))
    workers = _amount(options.get("vm", "1" if "vm-bytes" in options else "0"))
    ram = workers * _amount(options.get("vm-bytes", "256M")) / (spec.ram_mb << 20)
    plain = not {"cpu", "vm", "vm-bytes", "gpu"} & options.keys()
    cpu = _amount(options.get("cpu", str(spec.vcpus) if plain else "0")) / spec.vcpus
    gpu = 0.9 if spec.gpus and ("gpu" in options or plain) else 0.0
    now = process.host.now()
    return Stress(now, now + seconds, cpu=min(1.0, cpu), ram=0.3 if plain else min(1.0, ram), gpu=gpu)


def _amount(text: str) -> float:
    match = _AMOUNT.fullmatch(text)
    if match is None or match[2] not in _SCALE:
        raise ValueError(text)
    return float(match[1]) * _SCALE[match[2]]
