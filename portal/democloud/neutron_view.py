"""How Neutron shows its objects."""

from __future__ import annotations

from typing import Any

from portal.democloud.clock import iso_z
from portal.democloud.fabric import network_subnets
from portal.democloud.model_network import (
    FloatingIP,
    Network,
    Port,
    Router,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from portal.democloud.state import Region

Row = dict[str, Any]
Dated = FloatingIP | Network | Port | Router | SecurityGroup | SecurityGroupRule | Subnet


def _standard(one: Dated) -> Row:
    """What every object of Neutron carries."""
    return {
        "tenant_id": one.project_id,
        "project_id": one.project_id,
        "description": one.description,
        "tags": list(getattr(one, "tags", ())),
        "created_at": iso_z(one.created_at),
        "updated_at": iso_z(one.updated_at),
        "revision_number": getattr(one, "revision_number", 1),
    }


def network(region: Region, one: Network) -> Row:
    shown: Row = {
        "id": one.id,
        "name": one.name,
        "admin_state_up": True,
        "mtu": one.mtu,
        "status": "ACTIVE",
        "subnets": [subnet.id for subnet in network_subnets(region, one.id)],
        "shared": one.shared,
        "availability_zone_hints": ["nova"],
        "availability_zones": ["nova"],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "router:external": one.external,
        "port_security_enabled": one.port_security_enabled,
        "dns_domain": "",
        "qos_policy_id": None,
        **_standard(one),
    }
    if one.external:
        shown["is_default"] = one.is_default
    return shown


def subnet(region: Region, one: Subnet) -> Row:
    return {
        "id": one.id,
        "name": one.name,
        "network_id": one.network_id,
        "ip_version": one.ip_version,
        "subnetpool_id": None,
        "enable_dhcp": one.enable_dhcp,
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "gateway_ip": one.gateway_ip,
        "cidr": one.cidr,
        "allocation_pools": one.allocation_pools,
        "host_routes": one.host_routes,
        "dns_nameservers": one.dns_nameservers,
        "service_types": [],
        **_standard(one),
    }


def port(region: Region, one: Port) -> Row:
    return {
        "id": one.id,
        "name": one.name,
        "network_id": one.network_id,
        "mac_address": one.mac_address,
        "admin_state_up": one.admin_state_up,
        "status": one.status,
        "device_id": one.device_id,
        "device_owner": one.device_owner,
        "fixed_ips": [{"subnet_id": ip.subnet_id, "ip_address": ip.ip_address} for ip in one.fixed_ips],
        "allowed_address_pairs": one.allowed_address_pairs,
        "extra_dhcp_opts": [],
        "security_groups": list(one.security_groups),
        "binding:vnic_type": "normal",
        "port_security_enabled": one.port_security_enabled,
        "dns_name": "",
        "dns_assignment": [],
        "qos_policy_id": None,
        "qos_network_policy_id": None,
        **_standard(one),
    }


def router(region: Region, one: Router) -> Row:
    gateway = None
    if one.external_network_id:
        subnets = network_subnets(region, one.external_network_id)
        address = {"subnet_id": subnets[0].id, "ip_address": one.external_ip} if subnets else None
        gateway = {
            "network_id": one.external_network_id,
            "external_fixed_ips": [address] if address and one.external_ip else [],
            "enable_snat": True,
        }
    return {
        "id": one.id,
        "name": one.name,
        "admin_state_up": one.admin_state_up,
        "status": one.status,
        "external_gateway_info": gateway,
        "availability_zones": ["nova"],
        "availability_zone_hints": ["nova"],
        "routes": [],
        "flavor_id": None,
        **_standard(one),
    }


def floatingip(region: Region, one: FloatingIP) -> Row:
    on = region.data.ports.get(one.port_id or "")
    details = None
    if on is not None:
        details = {
            "name": on.name,
            "network_id": on.network_id,
            "mac_address": on.mac_address,
            "admin_state_up": on.admin_state_up,
            "status": on.status,
            "device_id": on.device_id,
            "device_owner": on.device_owner,
        }
    return {
        "id": one.id,
        "floating_ip_address": one.floating_ip_address,
        "floating_network_id": one.floating_network_id,
        "router_id": one.router_id,
        "port_id": one.port_id,
        "fixed_ip_address": one.fixed_ip_address,
        "status": one.status,
        "qos_policy_id": None,
        "port_details": details,
        "dns_domain": one.dns_domain,
        "dns_name": one.dns_name,
        "port_forwardings": [],
        **_standard(one),
    }


def security_group_rule(region: Region, one: SecurityGroupRule) -> Row:
    """By itself a rule shows no tags; inside its group it does."""
    shown = _standard(one)
    del shown["tags"]
    return {
        "id": one.id,
        "security_group_id": one.security_group_id,
        "ethertype": one.ethertype,
        "direction": one.direction,
        "protocol": one.protocol,
        "port_range_min": one.port_range_min,
        "port_range_max": one.port_range_max,
        "remote_ip_prefix": one.remote_ip_prefix,
        "remote_address_group_id": None,
        "normalized_cidr": one.remote_ip_prefix,
        "remote_group_id": one.remote_group_id,
        **shown,
    }


def security_group(region: Region, one: SecurityGroup) -> Row:
    rules = region.data.security_group_rules.values()
    return {
        "id": one.id,
        "name": one.name,
        "stateful": one.stateful,
        "shared": False,
        "security_group_rules": [
            security_group_rule(region, rule) | {"tags": []}
            for rule in rules
            if rule.security_group_id == one.id
        ],
        **_standard(one),
    }
