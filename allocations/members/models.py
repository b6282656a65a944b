"""Who was decided about, who was invited, who went and what became of their things. All of it is intent."""

from django.conf import settings
from django.db import models

from allocations.models import Allocation, Membership
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class Decision(models.Model):
    """What was decided here about one person of a project, in all its regions: that they are out, or their role.

    It outlives memberships, and holds whatever the cloud says at the next sign-in, until somebody decides otherwise.
    """

    cloud = models.CharField(max_length=64)
    project_id = models.CharField(max_length=64)
    # As the source names them, in lower case; `user` where the portal knows them.
    username = models.CharField(max_length=255)
    user = models.ForeignKey(_PERSON, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    out = models.BooleanField(default=False)
    role = models.CharField(max_length=16, choices=Membership.Role, blank=True)
    by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cloud", "project_id", "username"], name="one_decision_per_person"
            )
        ]
        indexes = [models.Index(fields=["username"], name="decisions_by_name")]

    def __str__(self) -> str:
        return f"{self.username} in {self.project_id}: {'out' if self.out else self.role or 'in'}"


class Invitation(models.Model):
    """A link by which people ask to be added. Only a digest of its token is kept; the link is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    role = models.CharField(max_length=16, choices=Membership.Role, default=Membership.Role.MEMBER)
    resources = models.JSONField(default=list, blank=True)
    note = models.CharField(max_length=200, blank=True)
    # Who may use it: an e-mail domain or address, or the name of an identity provider. Empty: whoever has the link.
    domain = models.CharField(max_length=255, blank=True)
    cap = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"invitation …{self.hint}"


class InvitationUse(models.Model):
    """That one person used an invitation. A second time counts nothing."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="uses")
    user = models.ForeignKey(_PERSON, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["invitation", "user"], name="one_use_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} by {self.invitation}"


class Departure(models.Model):
    """That somebody was removed, by whom, and what became of what they left behind."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="departures")
    username = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    user = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=16, blank=True)
    by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=255)
    at = models.DateTimeField()
    # When every choice below had been tried. Empty: a worker goes on where it stopped.
    settled_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.name} left {self.allocation}"


class DepartureItem(models.Model):
    """One thing that the person left behind, and what was to be done with it."""

    departure = models.ForeignKey(Departure, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=16)
    thing_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    choice = models.CharField(max_length=8)
    to = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    to_name = models.CharField(max_length=255, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # Why it could not be done, in words.
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["departure", "kind", "thing_id"], name="one_choice_per_thing")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.choice}"
