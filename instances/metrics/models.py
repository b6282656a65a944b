from django.db import models

from instances.models import Instance
from portal.core.ids import uuid7


class Sample(models.Model):
    """What one machine measured at one time, or the mean (and peak) over one bucket of a roll-up.

    Percentages are 0 to 100; null means not measured, and is drawn as a gap. Bytes are rates per second.
    """

    class Resolution(models.IntegerChoices):
        FULL = 0
        MINUTE = 60
        QUARTER_HOUR = 900

    # The unique constraint is also the index by instance.
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="samples", db_index=False)
    resolution = models.PositiveSmallIntegerField(choices=Resolution, default=Resolution.FULL)
    at = models.DateTimeField()
    cpu = models.FloatField(null=True)
    cpu_peak = models.FloatField(null=True)
    ram = models.FloatField(null=True)
    ram_peak = models.FloatField(null=True)
    disk = models.FloatField(null=True)
    # [{"util", "mem"}, …], percentages or null, one entry a device; null where the guest did not say.
    gpus = models.JSONField(null=True)
    net_in = models.FloatField(null=True)
    net_out = models.FloatField(null=True)
    # Bytes per second to and from whole disks; people logged in on the machine itself, of a roll-up the most.
    disk_read = models.FloatField(null=True)
    disk_write = models.FloatField(null=True)
    logins = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance", "resolution", "at"], name="one_sample_a_time")
        ]
        indexes = [models.Index(fields=["resolution", "at"], name="sample_age")]

    def __str__(self) -> str:
        return f"{self.instance_id} {self.at:%H:%M:%S}"


class FullDisk(models.Model):
    """A machine whose root disk ran full, since people were told: until it fell well below that."""

    # Names the time that it ran full: told once.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.instance_id} since {self.since:%Y-%m-%d %H:%M}"
