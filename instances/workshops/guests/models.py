"""What the portal did at the cloud for the seats of a workshop, and what seats said of their own set-up."""

from django.db import models

from allocations.models import Allocation
from instances.models import Instance
from instances.workshops.models import Workshop


class Firewall(models.Model):
    """The group that a workshop's seats are in, as it was last seen to be right, and for whom it is open."""

    workshop = models.OneToOneField(Workshop, on_delete=models.CASCADE, related_name="firewall")
    group_id = models.CharField(max_length=64)
    source = models.CharField(max_length=2000)
    put_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"firewall of {self.workshop_id}"


class SetupNote(models.Model):
    """What a seat's machine said of one part of its set-up: the repository, data, the guard. Hostile text."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="setup_notes")
    what = models.CharField(max_length=60)
    ok = models.BooleanField()
    said = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "what"], name="one_note_a_part")]

    def __str__(self) -> str:
        return f"{self.what} of {self.instance_id}"


class JumpWatch(models.Model):
    """How a jump host answers while a workshop needs it: one that runs and is silent is restarted, then replaced."""

    allocation = models.OneToOneField(Allocation, on_delete=models.CASCADE, related_name="jump_watch")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="+")
    looked_at = models.DateTimeField()
    silent_since = models.DateTimeField(null=True, blank=True)
    restarted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"watch of {self.allocation_id}"
