from django.db import models


class Gate(models.Model):
    """One row per cloud: whoever is about to ask it for machines of seats counts, and asks, under the lock of this row."""

    cloud = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return self.cloud
