from django.conf import settings
from django.db import models

from allocations.models import Allocation


class Sighting(models.Model):
    """Since when the portal has seen that no machine has an address or volume: the cloud does not tell."""

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="+")
    # A kind of the catalogue, and the thing's id at the cloud.
    kind = models.CharField(max_length=16)
    cloud_id = models.CharField(max_length=255)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["allocation", "kind", "cloud_id"], name="one_sighting_each")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cloud_id} unused since {self.since:%Y-%m-%d}"


class Dismissal(models.Model):
    """A piece of advice that somebody does not want to see again for a while, for everybody of the allocation."""

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=320)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["allocation", "key"], name="one_dismissal_each")]

    def __str__(self) -> str:
        return f"{self.key} until {self.until:%Y-%m-%d}"
