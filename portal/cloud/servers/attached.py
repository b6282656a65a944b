"""What hangs on a server: volumes, network interfaces, security groups."""

from typing import Any

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, text
from portal.cloud.types import Attachment, Port

_DIES_SINCE = "2.79"


@translate.translated("compute")
def attached_volumes(cloud: Cloud, server_id: str) -> list[Attachment]:
    body = calls.compute(cloud, "GET", f"/servers/{server_id}/os-volume_attachments")
    return [_attachment(row) for row in body["volumeAttachments"]]


@translate.translated("compute")
def attach_volume(
    cloud: Cloud, server_id: str, volume_id: str, tag: str = "", *, dies_with_it: bool = False
) -> Attachment:
    """`tag` is seen inside the guest; Nova takes at most 60 characters, without comma or slash.

    `dies_with_it`: the volume is deleted with the server, where Nova is new enough to do that.
    """
    wanted: dict[str, Any] = {"volumeId": volume_id} | ({"tag": tag} if tag else {})
    if dies_with_it and calls.compute_has(cloud, _DIES_SINCE):
        wanted["delete_on_termination"] = True
    body = calls.compute(
        cloud,
        "POST",
        f"/servers/{server_id}/os-volume_attachments",
        least="2.49" if tag else "2.1",
        json={"volumeAttachment": wanted},
    )
    return _attachment(body["volumeAttachment"])


def detach_volume(cloud: Cloud, server_id: str, volume_id: str) -> None:
    calls.compute(cloud, "DELETE", f"/servers/{server_id}/os-volume_attachments/{volume_id}")


@translate.translated("compute")
def interfaces(cloud: Cloud, server_id: str) -> list[Port]:
    """The server's ports, as Nova knows them: without their security groups."""
    body = calls.compute(cloud, "GET", f"/servers/{server_id}/os-interface")
    return [
        Port(
            id=row["port_id"],
            network_id=text(row, "net_id"),
            device_id=server_id,
            mac=text(row, "mac_addr"),
            status=text(row, "port_state"),
            fixed_ips=tuple(entry["ip_address"] for entry in row.get("fixed_ips") or ()),
            security_group_ids=(),
        )
        for row in body["interfaceAttachments"]
    ]


@translate.translated("compute")
def security_group_ids(cloud: Cloud, server_id: str) -> tuple[str, ...]:
    body = calls.compute(cloud, "GET", f"/servers/{server_id}/os-security-groups")
    return tuple(str(row["id"]) for row in body["security_groups"])


def add_security_group(cloud: Cloud, server_id: str, group: str) -> None:
    """`group` is an id or a name; only an id is safe where two groups have one name."""
    _change_groups(cloud, server_id, "addSecurityGroup", group)


def remove_security_group(cloud: Cloud, server_id: str, group: str) -> None:
    _change_groups(cloud, server_id, "removeSecurityGroup", group)


def _change_groups(cloud: Cloud, server_id: str, action: str, group: str) -> None:
    calls.compute(cloud, "POST", f"/servers/{server_id}/action", json={action: {"name": group}})


def _attachment(row: Row) -> Attachment:
    return Attachment(
        server_id=text(row, "serverId"),
        volume_id=row["volumeId"],
        device=text(row, "device"),
        attachment_id=text(row, "attachment_id"),
        tag=text(row, "tag"),
        delete_on_termination=bool(row.get("delete_on_termination")),
    )
