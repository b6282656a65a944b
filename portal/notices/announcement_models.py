from django.conf import settings
from django.db import models
from django.utils import timezone


class Announcement(models.Model):
    """What operators tell everybody, or everybody on one cloud or region, for a time, on every page."""

    class Level(models.TextChoices):
        INFO = "info", "Information"
        SUCCESS = "success", "Good news"
        WARNING = "warning", "Warning"
        DANGER = "danger", "Trouble"

    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    text = models.CharField(max_length=500)
    url = models.CharField(max_length=500, blank=True)
    # Both empty: everybody. A region is one of its cloud.
    cloud = models.CharField(max_length=64, blank=True)
    region = models.CharField(max_length=64, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    dismissable = models.BooleanField(default=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-starts_at", "-id"]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} {self.text[:60]}"
