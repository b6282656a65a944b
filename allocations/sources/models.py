"""What the sources told, and what was asked of them. Mirror: facts, members, names. Intent: requests, lookups."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation, Membership
from portal.core.ids import uuid7


class SourceState(models.Model):
    """How the reading of one source for one project stands. A source that fails keeps what it had told."""

    cloud = models.CharField(max_length=64)
    project_id = models.CharField(max_length=64)
    source = models.CharField(max_length=16)
    # Never before `due_at`; not while another worker reads (`lease_until`).
    due_at = models.DateTimeField(db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    error_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    # The mark of the answer (ETag, or its date) that is asked with next time: unchanged is cheap.
    validator = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cloud", "project_id", "source"], name="one_state_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.source} of {self.project_id} at {self.cloud}"


class MemberRecord(models.Model):
    """That a source lists a person in an allocation, in its own words and ours."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PENDING = "pending"
        INACTIVE = "inactive"
        REFUSED = "refused"

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="member_records")
    source = models.CharField(max_length=16)
    username = models.CharField(max_length=255)
    # The source's own id of the person, where it has one (Keystone's user id).
    external_id = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True)
    organization = models.CharField(max_length=255, blank=True)
    # Empty where the source does not tell roles.
    role = models.CharField(max_length=16, choices=Membership.Role, blank=True)
    resources = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    # The source's own word for the state.
    said = models.CharField(max_length=64, blank=True)
    # Since when it is in this state, as far as we saw.
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["allocation", "source", "username"], name="one_record_per_person")
        ]
        indexes = [models.Index(fields=["source", "username"], name="records_by_name")]

    def __str__(self) -> str:
        return f"{self.username}: {self.state} by {self.source}"


class AllocationFact(models.Model):
    """One figure or text about an allocation, as one source told it."""

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="facts")
    source = models.CharField(max_length=16)
    field = models.CharField(max_length=32)
    value = models.TextField()
    as_of = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["allocation", "source", "field"], name="one_fact_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.field} by {self.source}"


class AccountName(models.Model):
    """What a person is called on the cloud's own side, as ACCESS maps it (`spacct`)."""

    cloud = models.CharField(max_length=64)
    username = models.CharField(max_length=255)
    local_name = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cloud", "username", "local_name"], name="one_name_once")
        ]

    def __str__(self) -> str:
        return f"{self.username} is {self.local_name} at {self.cloud}"


class ManagedGrants(models.Model):
    """Which grants a person manages, as ACCESS last said; kept where its word decides."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    cloud = models.CharField(max_length=64)
    grants = models.JSONField(default=list)
    read_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "cloud"], name="one_answer_per_person")]

    def __str__(self) -> str:
        return f"{self.user} manages {len(self.grants)} at {self.cloud}"


class MembershipRequest(models.Model):
    """That somebody asked to add or remove one person, or to change a role. A worker carries it out."""

    class Action(models.TextChoices):
        ADD = "add", "Add"
        REMOVE = "remove", "Remove"
        ROLE = "role", "Change the role"

    class State(models.TextChoices):
        ASKED = "asked"
        SENT = "sent"
        PENDING = "pending"
        DONE = "done"
        REFUSED = "refused"

    LIVE = (State.ASKED, State.SENT, State.PENDING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="membership_requests")
    # What one click asked for together.
    batch = models.UUIDField(default=uuid7)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_by_name = models.CharField(max_length=255)
    action = models.CharField(max_length=8, choices=Action)
    username = models.CharField(max_length=255)
    role = models.CharField(max_length=16, choices=Membership.Role, blank=True)
    resources = models.JSONField(default=list, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    # Who carries it out: access, keystone, portal; empty where nobody can.
    source = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    problem_id = models.CharField(max_length=64, blank=True)
    problem_params = models.JSONField(default=dict, blank=True)
    # The source's own words.
    detail = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    pending_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    deadline = models.DateTimeField()
    # When who asked was told of the end.
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "username"]
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "username"],
                condition=Q(state__in=["asked", "sent", "pending"]),
                name="one_request_per_person",
            )
        ]
        indexes = [
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False, told_at=None),
                name="requests_to_tell",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.username}: {self.state}"


class Lookup(models.Model):
    """A question about people that a worker asks of a source; the answer is kept for a short while."""

    class State(models.TextChoices):
        ASKED = "asked"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    query = models.CharField(max_length=100)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    # [{"username", "name", "email", "organization", "eligible", "why_not"}]
    found = models.JSONField(default=list)
    error_id = models.CharField(max_length=64, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["allocation", "query", "asked_at"], name="lookups_by_question")]

    def __str__(self) -> str:
        return f"{self.query}: {self.state}"
