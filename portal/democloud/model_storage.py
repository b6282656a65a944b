"""What Glance and Cinder keep, and the accounting service's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass
class Image:
    """`properties` are the free ones that Glance shows at the top level (os_distro, image_type ...)."""

    id: str
    name: str
    owner: str
    created_at: datetime
    updated_at: datetime
    status: str = "active"
    visibility: str = "public"
    size: int | None = None
    virtual_size: int | None = None
    min_disk: int = 0
    min_ram: int = 0
    disk_format: str | None = "qcow2"
    container_format: str | None = "bare"
    checksum: str | None = None
    os_hash_algo: str | None = None
    os_hash_value: str | None = None
    protected: bool = False
    hidden: bool = False
    tags: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class AttachedTo:
    """One attachment as Cinder shows it; the server's side is `model_compute.VolumeAttachment`."""

    server_id: str
    attachment_id: str
    device: str
    attached_at: datetime


@dataclass
class Volume:
    id: str
    name: str
    project_id: str
    user_id: str
    size: int
    created_at: datetime
    updated_at: datetime
    status: str = "creating"
    bootable: bool = False
    description: str | None = None
    volume_type: str = "ceph-ssd"
    availability_zone: str = "nova"
    snapshot_id: str | None = None
    source_volid: str | None = None
    image_id: str | None = None
    image_metadata: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    attachments: list[AttachedTo] = field(default_factory=list)
    multiattach: bool = False
    encrypted: bool = False


@dataclass
class VolumeSnapshot:
    id: str
    name: str
    volume_id: str
    project_id: str
    user_id: str
    size: int
    created_at: datetime
    updated_at: datetime
    status: str = "available"
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class AccountingRow:
    """One object of the `accounting` service: one resource of one project in one period."""

    project_id: str
    resource: str
    description: str
    abstract: str
    start_date: date
    end_date: date
    service_units_allocated: float
    service_units_used: float | None
    active: bool = True
