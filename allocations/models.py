from django.conf import settings
from django.db import models
from django.db.models import Q


class Allocation(models.Model):
    """A grant of resource time: one OpenStack project in one region, as the cloud last described it."""

    slug = models.SlugField(max_length=120, unique=True)
    cloud = models.CharField(max_length=64)
    region = models.CharField(max_length=64)
    project_id = models.CharField(max_length=64)
    # At Jetstream2 the project's name is the ACCESS grant number.
    project_name = models.CharField(max_length=255)
    title = models.CharField(max_length=500, blank=True)
    abstract = models.TextField(blank=True)
    pi_name = models.CharField(max_length=255, blank=True)
    # {"instances": {"used": 3, "limit": 25}, "cores": …, "ram_mb", "volumes", "volume_gb", "floating_ips"};
    # limit null means unlimited; a resource that is absent could not be read.
    quota = models.JSONField(default=dict)
    quota_read_at = models.DateTimeField(null=True, blank=True)
    accounting_read_at = models.DateTimeField(null=True, blank=True)
    # What the cloud offers to the project, by service: {"compute": {"state": "there", "version": "2.90"}, "network":
    # {"state": "there", "extensions": […]}, "block-storage": {"state": "absent"}, …}. A service not asked about is absent.
    offers = models.JSONField(default=dict)
    # {"CUSTOM_A100": {"total": 8, "used": 3}}; empty where nobody may know.
    gpus = models.JSONField(default=dict)
    gpus_read_at = models.DateTimeField(null=True, blank=True)
    read_error_id = models.CharField(max_length=64, blank=True)
    read_error_since = models.DateTimeField(null=True, blank=True)
    refresh_after = models.DateTimeField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project_name", "region"]
        constraints = [
            models.UniqueConstraint(
                fields=["cloud", "region", "project_id"], name="one_allocation_per_project"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project_name} ({self.region})"

    @property
    def viewer_role(self) -> str:
        """The role of the person for whom `allocations.access` fetched it; empty when fetched otherwise."""
        return getattr(self, "role_of_viewer", None) or ""


class Grant(models.Model):
    """Service units of one resource (CPU, GPU, large memory, storage) in one period, as the provider says."""

    class Resource(models.TextChoices):
        CPU = "cpu", "CPU"
        GPU = "gpu", "GPU"
        LARGE_MEMORY = "lm", "Large memory"
        STORAGE = "storage", "Storage"
        OTHER = "other", "Other"

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="grants")
    resource = models.CharField(max_length=16, choices=Resource)
    provider_resource = models.CharField(max_length=255)
    awarded = models.DecimalField(max_digits=16, decimal_places=3)
    used = models.DecimalField(max_digits=16, decimal_places=3, null=True, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    active = models.BooleanField(default=True)
    as_of = models.DateTimeField()

    class Meta:
        ordering = ["resource", "starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "provider_resource", "starts_on"], name="one_grant_per_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_resource_display()} {self.awarded}"


class Membership(models.Model):
    """That a person may use an allocation, in which role, and who says so."""

    class Role(models.TextChoices):
        PI = "pi", "PI"
        CO_PI = "co_pi", "Co-PI"
        MANAGER = "manager", "Allocation manager"
        MEMBER = "member", "Member"
        TA = "ta", "Teaching assistant"
        READER = "reader", "Reader"

    class Source(models.TextChoices):
        KEYSTONE = "keystone"
        CLAIM = "claim"
        PORTAL = "portal"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    source = models.CharField(max_length=16, choices=Source, default=Source.KEYSTONE)
    since = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "allocation"], condition=Q(ended_at=None), name="one_live_membership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.allocation}"


class LedgerEntry(models.Model):
    """SUs charged for one machine and one interval. Append-only: a mistake is mended by a further entry."""

    class Kind(models.TextChoices):
        CHARGE = "charge"
        CORRECTION = "correction"

    key = models.CharField(max_length=200, unique=True)
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.CHARGE)
    resource = models.CharField(max_length=16, choices=Grant.Resource)
    instance_id = models.CharField(max_length=64)
    instance_name = models.CharField(max_length=255)
    owner_name = models.CharField(max_length=255, blank=True)
    flavor_name = models.CharField(max_length=255)
    status = models.CharField(max_length=32)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    su = models.DecimalField(max_digits=16, decimal_places=6)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["allocation", "resource", "starts_at"], name="ledger_by_time")]

    def __str__(self) -> str:
        return f"{self.instance_name} {self.su} SU"
