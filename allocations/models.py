from datetime import UTC, date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    _DateField = models.DateField[date, date]
else:
    _DateField = models.DateField


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
    # Whether members see what each of them spent. PI, co-PI, managers and operators always do.
    spending_shown = models.BooleanField(default=True)
    # When the ledger was given what ran here before the portal met it, and when that is tried next.
    history_read_at = models.DateTimeField(null=True, blank=True)
    history_after = models.DateTimeField(null=True, blank=True, db_index=True)
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


class ProviderFigure(models.Model):
    """What the provider said was used of a grant, each time its figure changed: the other side of our ledger.

    `metered` is what the ledger had for the period when the two were compared (null: not yet), and `difference`
    what was posted so that both agree.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="figures")
    used = models.DecimalField(max_digits=16, decimal_places=3)
    as_of = models.DateTimeField()
    metered = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    difference = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)

    class Meta:
        ordering = ["as_of"]
        constraints = [models.UniqueConstraint(fields=["grant", "as_of"], name="one_figure_per_moment")]

    def __str__(self) -> str:
        return f"{self.grant}: {self.used} on {self.as_of:%Y-%m-%d}"


class UtcDay(_DateField):
    """The UTC day of the row's `starts_at`, however the row is written."""

    def pre_save(self, model_instance: Any, add: bool) -> date:
        found: date = model_instance.starts_at.astimezone(UTC).date()
        setattr(model_instance, self.attname, found)
        return found


class LedgerEntry(models.Model):
    """SUs charged for one machine and one stretch within a UTC day. Append-only: a further entry mends a mistake."""

    class Kind(models.TextChoices):
        CHARGE = "charge"
        CORRECTION = "correction"
        # The difference to the provider's figure: of the allocation, of no machine and nobody.
        PROVIDER = "provider"

    key = models.CharField(max_length=200)
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.CHARGE)
    resource = models.CharField(max_length=16, choices=Grant.Resource)
    instance_id = models.CharField(max_length=64, blank=True)
    instance_name = models.CharField(max_length=255)
    # Whose it was then, and stays in reports: the portal's person by number, else "name:" and what the cloud says.
    owner_key = models.CharField(max_length=260, blank=True)
    owner_name = models.CharField(max_length=255, blank=True)
    flavor_name = models.CharField(max_length=255)
    status = models.CharField(max_length=32)
    day = UtcDay(editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    su = models.DecimalField(max_digits=16, decimal_places=6)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "ledger entries"
        # Plain constraint and indexes: those that Django adds of its own for text take a third of the table.
        constraints = [models.UniqueConstraint(fields=["key"], name="charged_once")]
        indexes = [
            models.Index(fields=["allocation", "resource", "starts_at"], name="ledger_by_time"),
            models.Index(fields=["instance_id"], name="ledger_by_instance"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_name} {self.su} SU"
