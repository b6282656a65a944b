"""Bodies as a real Nova, Neutron, Cinder and Glance (Zed) sent them, cut to one example each."""

from typing import Any

SERVER_ID = "45f5886d-2a46-45e2-b0b8-88b388999332"
IMAGE_ID = "827fc87b-7337-43a6-bb0c-9cd185a1310c"


def server(**changes: Any) -> dict[str, Any]:
    return {
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": "nova",
        "OS-EXT-SRV-ATTR:hostname": "ex-nova",
        "OS-EXT-STS:power_state": 1,
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active",
        "OS-SRV-USG:launched_at": "2026-11-20T21:31:04.000000",
        "OS-SRV-USG:terminated_at": None,
        "accessIPv4": "",
        "accessIPv6": "",
        "addresses": {
            "auto_allocated_network": [
                address("10.0.0.124", "fixed"),
                address("172.24.4.53", "floating"),
            ]
        },
        "config_drive": "True",
        "created": "2026-11-20T21:31:00Z",
        "description": None,
        "flavor": {
            "disk": 8,
            "ephemeral": 0,
            "extra_specs": {"hw_rng:allowed": "True"},
            "original_name": "m3.tiny",
            "ram": 512,
            "swap": 0,
            "vcpus": 1,
        },
        "hostId": "4c37605d33c9be50a0a3b853bf8746cabf336e36521ede0ee61c1a78",
        "id": SERVER_ID,
        "image": {"id": IMAGE_ID, "links": []},
        "key_name": "lab",
        "links": [],
        "locked": False,
        "locked_reason": None,
        "metadata": {"exoCreatorUsername": "alice"},
        "name": "ex-nova",
        "os-extended-volumes:volumes_attached": [{"delete_on_termination": False, "id": "vol-1"}],
        "progress": 0,
        "security_groups": [{"name": "lab-ssh"}, {"name": "lab-ssh"}],
        "server_groups": [],
        "status": "ACTIVE",
        "tags": ["op:1"],
        "tenant_id": "82d4edf988c846ffbe39abb015dca131",
        "trusted_image_certificates": None,
        "updated": "2026-11-20T21:31:04Z",
        "user_id": "0a91a7be57394ef9af4e202a1954fd5c",
    } | changes


def address(addr: str, kind: str, version: int = 4) -> dict[str, Any]:
    return {
        "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:9a:df:e4",
        "OS-EXT-IPS:type": kind,
        "addr": addr,
        "version": version,
    }


def flavor(**changes: Any) -> dict[str, Any]:
    return {
        "OS-FLV-DISABLED:disabled": False,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "description": None,
        "disk": 10,
        "extra_specs": {"resources:CUSTOM_GPU_A100": "1"},
        "id": "7",
        "links": [],
        "name": "g3.medium",
        "os-flavor-access:is_public": True,
        "ram": 1024,
        "rxtx_factor": 1.0,
        "swap": 0,
        "vcpus": 2,
    } | changes


def image(**changes: Any) -> dict[str, Any]:
    return {
        "id": IMAGE_ID,
        "name": "Featured-Debian12",
        "status": "active",
        "visibility": "public",
        "owner": "9183641d9a384c069aee986bc8f4ecc0",
        "size": 128843776,
        "virtual_size": 2147483648,
        "min_disk": 2,
        "min_ram": 256,
        "os_distro": "debian",
        "os_version": "12",
        "os_type": "linux",
        "os_hidden": False,
        "protected": True,
        "tags": [],
        "os_admin_user": "debian",
        "hw_disk_bus": "scsi",
        "created_at": "2026-11-20T21:20:00Z",
        "updated_at": "2026-11-20T21:20:05Z",
        "checksum": "0" * 32,
        "container_format": "bare",
        "disk_format": "qcow2",
        "file": f"/v2/images/{IMAGE_ID}/file",
        "schema": "/v2/schemas/image",
        "self": f"/v2/images/{IMAGE_ID}",
    } | changes


def volume(**changes: Any) -> dict[str, Any]:
    return {
        "attachments": [
            {
                "attached_at": "2026-11-20T21:35:44.000000",
                "attachment_id": "e020a5a2-ff8b-4de7-af45-0c3eb5a0d8dd",
                "device": "/dev/vdb",
                "host_name": None,
                "id": "vol-1",
                "server_id": SERVER_ID,
                "volume_id": "vol-1",
            }
        ],
        "availability_zone": "nova",
        "bootable": "false",
        "created_at": "2026-11-20T21:35:42.000000",
        "description": None,
        "id": "vol-1",
        "metadata": {},
        "name": "ex-vol",
        "size": 1,
        "status": "in-use",
        "user_id": "0a91a7be57394ef9af4e202a1954fd5c",
        "volume_type": "standard",
    } | changes


def floating_ip(**changes: Any) -> dict[str, Any]:
    return {
        "created_at": "2026-11-20T21:22:44Z",
        "description": "",
        "fixed_ip_address": "10.0.0.241",
        "floating_ip_address": "172.24.4.53",
        "floating_network_id": "net-public",
        "id": "fip-1",
        "port_details": {
            "device_id": SERVER_ID,
            "device_owner": "compute:nova",
            "network_id": "net-1",
            "status": "ACTIVE",
        },
        "port_id": "port-1",
        "status": "ACTIVE",
        "tags": [],
    } | changes


def network(**changes: Any) -> dict[str, Any]:
    return {
        "id": "net-public",
        "name": "public",
        "router:external": True,
        "shared": False,
        "status": "ACTIVE",
        "admin_state_up": True,
        "subnets": ["sub-1"],
    } | changes


def port(**changes: Any) -> dict[str, Any]:
    return {
        "id": "port-1",
        "network_id": "net-1",
        "device_id": SERVER_ID,
        "device_owner": "compute:nova",
        "mac_address": "fa:16:3e:9a:df:e4",
        "status": "ACTIVE",
        "fixed_ips": [{"ip_address": "10.0.0.124", "subnet_id": "sub-2"}],
        "security_groups": ["sg-1"],
    } | changes


def rule(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"rule-{number}",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 22,
        "port_range_max": 22,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        "description": "SSH",
    } | changes


def group(number: int, *rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": f"sg-{number}",
        "name": "exosphere",
        "description": "",
        "security_group_rules": list(rules),
        "tags": [],
        "created_at": f"2026-11-20T21:22:{number:02}Z",
    } | changes
