"""What this layer adds to a person's export: machines, what they asked for, and the public parts of their keys."""

from allocations.overview.hooks import Rows, export_part
from instances.models import CatalogueItem, Instance
from portal.accounts.models import User
from portal.operations.models import Operation


@export_part("machines", "machines that are or were yours, as the cloud last described them")
def machines(user: User) -> Rows:
    found = Instance.objects.filter(owner=user).select_related("allocation").order_by("created_at")
    for one in found.iterator(chunk_size=1000):
        yield {
            "allocation": one.allocation.project_name,
            "cloud": one.allocation.cloud,
            "region": one.allocation.region,
            "name": one.name,
            "id": one.pk,
            "id_at_the_cloud": one.server_id,
            "status": one.status,
            "size": one.flavor_name,
            "vcpus": one.vcpus,
            "ram_mb": one.ram_mb,
            "disk_gb": one.disk_gb,
            "gpus": one.gpus,
            "image": one.image_name,
            "key": one.key_name,
            "addresses": one.addresses,
            "volumes": one.volumes,
            "security_groups": one.security_groups,
            "metadata": one.metadata,
            "tags": one.tags,
            "made": one.created_at,
            "deleted": one.deleted_at,
        }


@export_part("operations", "what you asked the cloud for through the portal, and how it ended")
def asked_for(user: User) -> Rows:
    # What was asked for in detail is left out: boot scripts may hold secrets.
    found = Operation.objects.filter(by=user).order_by("created_at")
    for one in found.defer("spec", "progress").iterator(chunk_size=2000):
        yield {
            "at": one.created_at,
            "what": one.label,
            "kind": one.kind,
            "target": one.target_name,
            "cloud": one.cloud,
            "region": one.region,
            "state": one.state,
            "ended": one.finished_at,
            "error": one.error_id,
        }


@export_part("keys", "your SSH keys at clouds: their public parts")
def keys(user: User) -> Rows:
    found = CatalogueItem.objects.filter(user=user, kind=CatalogueItem.Kind.KEYPAIR).select_related(
        "allocation"
    )
    for one in found.order_by("allocation__cloud", "name"):
        yield {
            "cloud": one.allocation.cloud,
            "region": one.allocation.region,
            "name": one.name,
            "type": one.data.get("type", ""),
            "fingerprint": one.data.get("fingerprint", ""),
            "public_key": one.data.get("public_key", ""),
        }
