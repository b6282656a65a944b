from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.core.ids import uuid7


class Webhook(models.Model):
    """An address of a person's own that is told of what happens, signed with a secret that only it and we know.

    Without `scope` it hears what its owner hears; with one ("allocation.12") what happens there, as long as its owner
    manages that.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    scope = models.CharField(max_length=255, blank=True, db_index=True)
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    sealed_secret = models.TextField()
    # Names of kinds; none: all.
    kinds = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Since when nothing it was sent arrived; and when, and why, the portal stopped sending.
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.CharField(max_length=200, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner_id}"


class Sending(models.Model):
    """One event on its way to one webhook: intent until it was taken, then the record of that."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="sendings")
    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    # Of the event: one and the same is sent to a webhook once, however many people it concerns.
    key = models.CharField(max_length=250)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # What came of the last try: the answer's code and the start of its text, or our own words where none came.
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "key"], name="sent_once_per_webhook")]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="sendings_due"
            ),
            models.Index(fields=["webhook", "-id"], name="sendings_of_webhook"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.state} {self.title}"
