from datetime import datetime

from django.conf import settings
from django.db import models


class ToolCredential(models.Model):
    """An application credential that a person asked for to use their own tools with.

    The portal never acts with it: the secret is kept, sealed, until the person has seen it, for minutes at most.
    """

    class State(models.TextChoices):
        MAKING = "making"
        READY = "ready"  # made; its secret waits to be seen once
        SHOWN = "shown"  # seen: the secret is nowhere here any more
        FAILED = "failed"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tool_credentials"
    )
    cloud = models.CharField(max_length=64)
    region = models.CharField(max_length=64)
    project_id = models.CharField(max_length=64)
    project_name = models.CharField(max_length=255)
    name = models.CharField(max_length=100)
    # Empty: all roles that the person has in the project.
    wanted_roles = models.JSONField(default=list)
    roles = models.JSONField(default=list)
    unrestricted = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.MAKING)
    application_credential_id = models.CharField(max_length=64, blank=True)
    sealed_secret = models.TextField(blank=True)
    secret_until = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    error_detail = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # A worker makes or deletes it until then.
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(null=True, blank=True)
    shown_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # When the cloud no longer had it. Revoked and not gone: a worker is at it, or `error_id` says why not.
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} of {self.user} in {self.project_name}"

    @property
    def in_work(self) -> bool:
        """A worker makes or deletes it: its page has something to wait for."""
        if self.revoked_at is not None:
            return self.gone_at is None and not self.error_id
        return self.state == self.State.MAKING

    def can_be_shown(self, now: datetime) -> bool:
        waits = self.state == self.State.READY and self.revoked_at is None
        return waits and self.secret_until is not None and self.secret_until > now
