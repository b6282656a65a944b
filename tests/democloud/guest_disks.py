"""A guest's files without the guest."""

from __future__ import annotations

import time
from typing import Any

from portal.democloud.guest_host import Host
from portal.democloud.guest_load import Load
from portal.democloud.guest_store import Store
from portal.democloud.guest_userdata import parse
from tests.democloud.guest_fixtures import spec


def host(**changes: Any) -> Host:
    one = spec(**changes)
    load = Load(one.server_id, one.vcpus, one.ram_mb, one.disk_gb, one.gpus, now=time.time())
    return Host(one, load, parse(one.user_data), Store(), time.time, time.time())
