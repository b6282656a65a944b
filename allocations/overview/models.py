from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.ids import uuid7


class Export(models.Model):
    """A copy of everything that is one person's own, asked for by them, made by a worker, kept for a day."""

    class State(models.TextChoices):
        ASKED = "asked"
        READY = "ready"
        FAILED = "failed"
        GONE = "gone"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    keep_until = models.DateTimeField(null=True, blank=True)
    # The ZIP, sealed with a key of its own, which is sealed with the portal's; without the key it is noise.
    sealed_key = models.CharField(max_length=255, blank=True)
    sealed = models.BinaryField(default=bytes)
    size = models.PositiveIntegerField(default=0)
    # {part: number of rows}
    counts = models.JSONField(default=dict)
    fetched_at = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(state="asked"), name="one_export_at_a_time")
        ]
        indexes = [models.Index(fields=["state", "keep_until"], name="exports_by_age")]

    def __str__(self) -> str:
        return f"export of {self.user}, {self.asked_at:%Y-%m-%d %H:%M}"
