"""What is said to learners. Calls for help and attendance are the core's (`instances.workshops.models`)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from instances.workshops.models import Learner, Workshop
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class Message(models.Model):
    """A line on the screens of everybody who takes part, or of some, until a moment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="messages")
    text = models.CharField(max_length=1000)
    # Those who join while it stands see it too; else only those whom it has a `Delivery` for.
    to_all = models.BooleanField()
    by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    said_at = models.DateTimeField()
    until = models.DateTimeField()
    # Whoever runs the workshop took it from the screens before its time.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-said_at", "-id"]
        indexes = [
            models.Index(fields=["workshop", "until"], condition=Q(ended_at=None), name="messages_standing")
        ]

    def __str__(self) -> str:
        return f"message in {self.workshop_id}"


class Delivery(models.Model):
    """That a message is for this learner; or, of one to all, that they put it away."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="+")
    put_away_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "learner"], name="one_delivery_each")]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.learner_id}"
