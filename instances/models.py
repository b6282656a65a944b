from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation
from instances.hooks_seats import Place
from portal.core.ids import uuid7


class Instance(models.Model):
    """The mirror of one server: what the cloud last said, and when.

    A row exists from the moment a launch is asked for (`server_id` empty until the cloud has made the
    server), or from the first time a server made elsewhere is seen.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="instances")
    server_id = models.CharField(max_length=64, blank=True, db_index=True)
    name = models.CharField(max_length=255)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="instances"
    )
    cloud_user_id = models.CharField(max_length=64, blank=True)
    creator_name = models.CharField(max_length=255, blank=True)

    status = models.CharField(max_length=32, default="REQUESTED")
    vm_state = models.CharField(max_length=32, blank=True)
    task_state = models.CharField(max_length=64, blank=True)
    power_state = models.PositiveSmallIntegerField(default=0)
    locked = models.BooleanField(default=False)
    fault_message = models.TextField(blank=True)
    flavor_name = models.CharField(max_length=255, blank=True)
    vcpus = models.PositiveIntegerField(default=0)
    ram_mb = models.PositiveIntegerField(default=0)
    disk_gb = models.PositiveIntegerField(default=0)
    gpus = models.PositiveSmallIntegerField(default=0)
    image_id = models.CharField(max_length=64, blank=True)
    image_name = models.CharField(max_length=255, blank=True)
    volume_backed = models.BooleanField(default=False)
    key_name = models.CharField(max_length=255, blank=True)
    hostname = models.CharField(max_length=255, blank=True)
    availability_zone = models.CharField(max_length=255, blank=True)
    # [{"network", "address", "version", "kind"}]
    addresses = models.JSONField(default=list)
    public_address = models.CharField(max_length=64, blank=True)
    private_address = models.CharField(max_length=64, blank=True)
    security_groups = models.JSONField(default=list)
    # [{"id", "device", "name", "size_gb", "boot"}]
    volumes = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    host_keys = models.JSONField(default=list)
    setup_status = models.CharField(max_length=16, blank=True)
    setup_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField()
    launched_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    cloud_updated_at = models.DateTimeField(null=True, blank=True)
    # When status, task or lock last changed in our sight: the clock of deadlines and of "usual time" bars.
    state_since = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    details_read_at = models.DateTimeField(null=True, blank=True)
    console_read_at = models.DateTimeField(null=True, blank=True)
    charged_until = models.DateTimeField(null=True, blank=True)
    # From when on Nova's record is still to be compared with what was charged; null: nothing changed since.
    unsettled_since = models.DateTimeField(null=True, blank=True)
    settle_after = models.DateTimeField(null=True, blank=True, db_index=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # Grows with every visible change: pages replace markup only by a newer version.
    version = models.PositiveBigIntegerField(default=1)

    # Not stored: what the viewer is at it without a role in its allocation (`instances.access.attendable`).
    place: Place | None = None

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "server_id"], condition=~Q(server_id=""), name="one_mirror_per_server"
            )
        ]
        indexes = [
            models.Index(fields=["allocation", "deleted_at", "-created_at"], name="instance_list"),
            models.Index(fields=["allocation", "status"], name="instance_status"),
        ]

    def __str__(self) -> str:
        return self.name


class Teammate(models.Model):
    """Somebody of the same allocation whom the owner, or who manages it, lets into one machine."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="teammates")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="let_into")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "user"], name="one_grant_per_teammate")]

    def __str__(self) -> str:
        return f"{self.user} on {self.instance}"


class CloudAction(models.Model):
    """What Nova itself recorded about a server: also what was done from other portals."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="cloud_actions")
    request_id = models.CharField(max_length=64)
    action = models.CharField(max_length=64)
    user_id = models.CharField(max_length=64, blank=True)
    message = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [models.UniqueConstraint(fields=["instance", "request_id"], name="one_row_per_request")]

    def __str__(self) -> str:
        return f"{self.action} {self.request_id}"


class Sighting(models.Model):
    """That a server was seen in another state or size than before: with Nova's record, the history that is charged.

    `at`: when that became so at the latest, by the cloud's own clock where it told.
    """

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="sightings")
    at = models.DateTimeField()
    status = models.CharField(max_length=32)
    flavor_name = models.CharField(max_length=255)
    vcpus = models.PositiveIntegerField()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.status} {self.flavor_name} at {self.at:%Y-%m-%d %H:%M:%S}"


class ConsoleLog(models.Model):
    """The end of a server's console log as last read. Hostile text."""

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="console_log")
    text = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"console of {self.instance}"


class CatalogueItem(models.Model):
    """A flavor, image, network, floating address, volume, key or group, as the cloud last listed it."""

    class Kind(models.TextChoices):
        FLAVOR = "flavor"
        IMAGE = "image"
        NETWORK = "network"
        SECURITY_GROUP = "security_group"
        FLOATING_IP = "floating_ip"
        VOLUME = "volume"
        KEYPAIR = "keypair"

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="catalogue")
    kind = models.CharField(max_length=16, choices=Kind)
    cloud_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    # Keypairs belong to one person; everything else to the project.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    data = models.JSONField(default=dict)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "kind", "cloud_id"], condition=Q(user=None), name="one_item_per_project"
            ),
            models.UniqueConstraint(
                fields=["allocation", "kind", "cloud_id", "user"],
                condition=~Q(user=None),
                name="one_item_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Poll(models.Model):
    """When something of an allocation is read next, who is reading it, and how the last reading went."""

    class What(models.TextChoices):
        SERVERS = "servers"
        CATALOGUE = "catalogue"

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="polls")
    what = models.CharField(max_length=12, choices=What)
    next_at = models.DateTimeField(db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # The newest change that the cloud told of, by its clock, and when that was, by ours.
    changes_since = models.DateTimeField(null=True, blank=True)
    newest_at = models.DateTimeField(null=True, blank=True)
    full_at = models.DateTimeField(null=True, blank=True)
    ok_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error_id = models.CharField(max_length=64, blank=True)
    # The words' blanks: which service it was.
    error_params = models.JSONField(default=dict)
    # Something is in transition here until then, so read often.
    fast_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["allocation", "what"], name="one_poll_each")]

    def __str__(self) -> str:
        return f"{self.what} of {self.allocation}"
