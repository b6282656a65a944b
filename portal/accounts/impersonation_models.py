from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class Look(models.Model):
    """That an operator looked at the portal as a person sees it: from when to when, why, and how many pages.

    Kept for as long as the audit, and shown to the person.
    """

    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="looks_taken"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="looks_had")
    reason = models.CharField(max_length=300)
    # A digest of the operator's session: the look is of that browser and no other.
    session = models.CharField(max_length=32)
    started_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=100, blank=True)
    pages = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.operator_id} as {self.person_id} at {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def over_at(self) -> datetime:
        return self.ended_at or self.until
