from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from portal.core.ids import uuid7


class Operation(models.Model):
    """One intent of a person that changes the cloud, written before any call is made.

    Workers move it forward one step at a time: each step is safe to run twice, and ends by storing the next step,
    a time to look again, a wait for the mirror, or the outcome.
    """

    class State(models.TextChoices):
        QUEUED = "queued"  # a worker may take it as soon as `run_after` is over
        RUNNING = "running"  # a worker holds the lease
        WAITING = "waiting"  # for the cloud: the mirror wakes it, or `run_after` comes
        PAUSED = "paused"  # for the person: their credential no longer works
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    LIVE = (State.QUEUED, State.RUNNING, State.WAITING, State.PAUSED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=48)
    label = models.CharField(max_length=120)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="operations")
    cloud = models.CharField(max_length=64)
    region = models.CharField(max_length=64)
    project_id = models.CharField(max_length=64)
    target_type = models.CharField(max_length=32, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    batch = models.UUIDField(null=True, blank=True, db_index=True)
    spec = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    step = models.CharField(max_length=32, default="start")
    # What the steps learnt, such as the id of the server made. Never secrets.
    progress = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    stage = models.CharField(max_length=120, blank=True)
    # Tries of this step that ended in trouble, in a row; `renewed`: the credential was renewed since the last success.
    attempts = models.PositiveIntegerField(default=0)
    renewed = models.BooleanField(default=False)
    # Virtual time of the fair queue: one person's hundred operations are spread behind everybody else's first.
    fair_key = models.BigIntegerField(default=0)
    urgency = models.PositiveSmallIntegerField(default=5)
    run_after = models.DateTimeField()
    deadline_at = models.DateTimeField()
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # The mirror saw the target change while a worker held the lease: a wait decided before then is over.
    woken = models.BooleanField(default=False)
    request_ids = models.JSONField(default=list)
    error_id = models.CharField(max_length=64, blank=True)
    error_params = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    error_detail = models.TextField(blank=True)
    outcome = models.CharField(max_length=255, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    step_since = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "run_after"], name="operation_due"),
            models.Index(fields=["state", "urgency", "fair_key"], name="operation_fair"),
            models.Index(fields=["target_type", "target_id", "state"], name="operation_target"),
            models.Index(fields=["cloud", "region", "project_id", "created_at"], name="operation_scope"),
            models.Index(fields=["by", "state"], name="operation_by"),
            models.Index(
                fields=["by", "fair_key"],
                name="operation_by_live",
                condition=Q(state__in=["queued", "running"]),
            ),
            models.Index(
                fields=["fair_key"], name="operation_backlog", condition=Q(state__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.target_name} ({self.state})"

    @property
    def live(self) -> bool:
        return self.state in self.LIVE

    def error(self) -> dict[str, Any]:
        return {"id": self.error_id, "params": self.error_params, "detail": self.error_detail}


class OperationStep(models.Model):
    """The history of an operation: each step begun, with its time, words and OpenStack request id."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    step = models.CharField(max_length=32)
    message = models.CharField(max_length=255)
    request_id = models.CharField(max_length=64, blank=True)
    error_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.step}: {self.message}"


class IdempotencyKey(models.Model):
    """A client's Idempotency-Key, with what it asked for and what it was given."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    operations = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_use_per_key")]

    def __str__(self) -> str:
        return self.key
