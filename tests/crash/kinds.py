"""An operation with the shape of a launch: each step looks before it creates. Registered by what imports it."""

import os
from datetime import timedelta
from pathlib import Path

from portal.operations.context import Context
from portal.operations.outcomes import Done, Next, Outcome
from portal.operations.registry import handler, kind_of
from tests.crash.cloud import DirectoryCloud

KIND = "crash.launch"
SORTS = ("network", "server", "address")


def cloud() -> DirectoryCloud:
    return DirectoryCloud(Path(os.environ["CRASH_CLOUD"]), float(os.environ.get("CRASH_SECONDS", "0")))


def launch(ctx: Context) -> Outcome:
    if ctx.step == "start":
        return Next("network", "Preparing")
    tag = f"op:{ctx.op.pk}"
    found = cloud().find(ctx.step, tag)
    if found is None:
        found = cloud().create(ctx.step, tag)
        ctx.note(f"Made the {ctx.step}", request_id=f"req-{found}")
    ctx.remember(**{ctx.step: found})
    following = SORTS.index(ctx.step) + 1
    if following == len(SORTS):
        return Done("Ready")
    return Next(SORTS[following], f"Next is the {SORTS[following]}")


if kind_of(KIND) is None:
    handler(KIND, label="Launch", deadline=timedelta(hours=1))(launch)
