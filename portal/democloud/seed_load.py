"""Thousands of machines in one project, for measuring. They have no guests."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from portal.democloud import fabric
from portal.democloud.clock import second
from portal.democloud.lifecycle_effects import settle
from portal.democloud.model_compute import Server
from portal.democloud.routing import new_uuid
from portal.democloud.seed_identity import project_id, user_id
from portal.democloud.state import Region, World

PROJECT = "BIO220047"
FLAVORS = ("m3.tiny", "m3.small", "m3.quad", "m3.medium")


def add_load(world: World, region: Region, count: int) -> None:
    """`count` active machines, made one second after the other, and a quota with room for as many again."""
    project = project_id(PROJECT)
    data = region.data
    data.quotas[project] = {
        "instances": 2 * count + 200,
        "cores": -1,
        "ram": -1,
        "port": -1,
        "floatingip": 500,
    }
    topology, _ = fabric.ensure_topology(world, region, project)
    network, subnet = data.networks[topology.network_id], data.subnets[topology.subnet_id]
    subnet.cidr = "10.128.0.0/16"
    addresses = ipaddress.ip_network(subnet.cidr)
    subnet.gateway_ip = str(addresses[1])
    flavors = [one for name in FLAVORS for one in data.flavors.values() if one.name == name]
    providers = [one for one in data.providers.values() if one.name.startswith("c0")]
    image = next(iter(data.images.values()))
    group = fabric.default_security_group(world, region, project)
    begin = second(world.now()) - timedelta(days=2)
    for number in range(count):
        made = begin + timedelta(seconds=number)
        flavor = flavors[number % len(flavors)]
        server = Server(
            id=new_uuid(),
            name=f"load-{number:05d}",
            project_id=project,
            user_id=user_id("alice" if number % 3 else "bob"),
            flavor_id=flavor.id,
            flavor=flavor,
            image_id=image.id,
            created=made,
            updated=made,
            hostname=f"load-{number:05d}",
            vm_state="active",
            task_state=None,
            power_state=1,
            launched_at=made,
            security_groups=["default"],
            spec={"no_guest": True},
        )
        settle(server, providers[number % len(providers)])
        region.add_server(server)
        fabric.create_port(
            world,
            region,
            network,
            project,
            server_id=server.id,
            security_groups=[group.id],
            ip_address=str(addresses[number + 10]),
        )
