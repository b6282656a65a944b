from django.conf import settings
from django.db import models

from allocations.models import Allocation, Grant


class AllocationHealth(models.Model):
    """How an allocation stood when it was last looked at: what the operators' list searches, sorts and counts.

    All of it is worked out from other tables every two minutes, and may be thrown away.
    """

    allocation = models.OneToOneField(
        Allocation, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    # The resource of which the largest part is used.
    resource = models.CharField(max_length=16, choices=Grant.Resource, blank=True)
    awarded = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    used = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    used_percent = models.DecimalField(max_digits=12, decimal_places=1, default=0)
    # Of all resources.
    remaining = models.DecimalField(max_digits=20, decimal_places=3, default=0)
    burn = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    week = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    ends_on = models.DateField(null=True, blank=True)
    members = models.PositiveIntegerField(default=0)
    connected = models.PositiveIntegerField(default=0)
    machines = models.PositiveIntegerField(default=0)
    running = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    # When something was last seen running; of an allocation where nothing ever was, when it was met.
    ran_at = models.DateTimeField()
    unread_since = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)
    quota_percent = models.PositiveIntegerField(default=0)
    quota_name = models.CharField(max_length=32, blank=True)
    over = models.BooleanField(default=False)
    ended = models.BooleanField(default=False)
    ending = models.BooleanField(default=False)
    erroring = models.BooleanField(default=False)
    unconnected = models.BooleanField(default=False)
    quota = models.BooleanField(default=False)
    idle = models.BooleanField(default=False)
    # How many of the above.
    troubles = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "allocations' health"

    def __str__(self) -> str:
        return f"health of {self.allocation_id}"


class WeeklyReport(models.Model):
    """That somebody was told of an allocation's week, or that there was nothing to tell: once for each."""

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="weekly_reports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # Of ISO 8601, such as 2026-W47.
    week = models.CharField(max_length=8)
    told = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["allocation", "user", "week"], name="one_report_per_week")
        ]
        indexes = [models.Index(fields=["week"], name="report_week")]

    def __str__(self) -> str:
        return f"{self.week} of {self.allocation_id} to {self.user_id}"
