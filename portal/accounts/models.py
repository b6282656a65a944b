from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.accounts.impersonation_models import Look as Look
from portal.accounts.tools_models import ToolCredential as ToolCredential
from portal.core.ids import uuid7


class User(AbstractUser):
    """A person. The key is issuer + subject, as the identity provider gives them; never the e-mail."""

    issuer = models.CharField(max_length=255, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    access_id = models.CharField(max_length=255, blank=True, db_index=True)
    display_name = models.CharField(max_length=255, blank=True)
    identity_provider = models.CharField(max_length=255, blank=True)
    identity_provider_name = models.CharField(max_length=255, blank=True)
    authentication_context = models.CharField(max_length=255, blank=True)
    # The identity provider says that the address is theirs, or is one that the operator believes.
    email_verified = models.BooleanField(default=False)
    # Here to take part in workshops, and for nothing else: `visiting`.
    is_visitor = models.BooleanField(default=False)
    is_operator = models.BooleanField(default=False)
    # The names of the groups that the identity provider gave at the last sign-in.
    claimed_groups = models.JSONField(default=list, blank=True)
    preferences = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], condition=~Q(subject=""), name="user_issuer_subject"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.access_id or self.username


class CloudLink(models.Model):
    """How the connection of one person to one cloud stands: what pages say while, and if, it is not made."""

    class State(models.TextChoices):
        CONNECTING = "connecting"
        CONNECTED = "connected"
        FAILED = "failed"
        NOT_CONNECTED = "not_connected"
        # The cloud named somebody whom we did not expect: the person is asked before anything is made.
        ASKING = "asking"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="cloud_links")
    cloud = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State, default=State.NOT_CONNECTED)
    # Sealed, and erased as soon as it was exchanged or its time is over.
    sealed_login = models.TextField(blank=True)
    login_expires_at = models.DateTimeField(null=True, blank=True)
    cloud_user_id = models.CharField(max_length=64, blank=True, db_index=True)
    cloud_user_name = models.CharField(max_length=255, blank=True)
    # Whom the cloud named while the state is ASKING, and as whom the person then agreed to be connected.
    asked_user_id = models.CharField(max_length=64, blank=True)
    asked_user_name = models.CharField(max_length=255, blank=True)
    agreed_user_id = models.CharField(max_length=64, blank=True)
    error_id = models.CharField(max_length=64, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    error_detail = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # A worker has this link until then: one at a time makes credentials of one person at one cloud.
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "cloud"], name="one_link_per_cloud")]

    def __str__(self) -> str:
        return f"{self.user} at {self.cloud}: {self.state}"


class WebSsoAttempt(models.Model):
    """A sign-in at a cloud's own page that one browser session began. Keystone hands back no state: this is it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="websso_attempts")
    cloud = models.CharField(max_length=64)
    # A digest of the session's key: the token is taken from that session and no other.
    session = models.CharField(max_length=32)
    begun_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "cloud", "begun_at"], name="websso_of_user")]

    def __str__(self) -> str:
        return f"{self.user} at {self.cloud}, begun {self.begun_at:%Y-%m-%d %H:%M}"


class CloudCredential(models.Model):
    """One application credential: this user, acting in this project. The secret is sealed."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="cloud_credentials")
    cloud = models.CharField(max_length=64)
    project_id = models.CharField(max_length=64)
    project_name = models.CharField(max_length=255)
    application_credential_id = models.CharField(max_length=64)
    # As whom the cloud sees us act with it.
    cloud_user_id = models.CharField(max_length=64, blank=True)
    cloud_user_name = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    sealed_secret = models.TextField()
    roles = models.JSONField(default=list)
    # True where the portal made it, and may therefore delete it at the cloud.
    made_here = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cloud", "project_id"],
                condition=Q(revoked_at=None),
                name="one_live_credential",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project_name} at {self.cloud}"

    def usable(self, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and self.refused_at is None and not expired


class ApiToken(models.Model):
    """A personal token of the REST API. Only a hash is kept; the token itself is shown once."""

    class Scope(models.TextChoices):
        READ = "read"
        WRITE = "write"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"
