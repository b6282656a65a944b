"""What people decided of machines' time (intent), how each machine stands by it, and what was done because of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation
from instances.models import Instance

_PERSON = settings.AUTH_USER_MODEL


class Policy(models.Model):
    """One policy of one machine, or (`instance` null) what holds in the allocation for machines without their own.

    `rules` are those of `rules.MODELS[kind]`. A machine's own row that is not `on` says: not this one.
    """

    class Kind(models.TextChoices):
        SCHEDULE = "schedule", "Schedule"
        LEASE = "lease", "Lease"
        IDLE = "idle", "Idle rule"

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="policies")
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, null=True, blank=True, related_name="policies"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    on = models.BooleanField(default=True)
    rules = models.JSONField(default=dict)
    # Of an allocation's: whether its members may have less for machines of theirs.
    may_loosen = models.BooleanField(default=True)
    # What came before is none of its business: nothing is done for moments before this.
    since = models.DateTimeField()
    set_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "kind"], condition=Q(instance=None), name="one_default_policy"
            ),
            models.UniqueConstraint(
                fields=["instance", "kind"], condition=~Q(instance=None), name="one_policy_of_machine"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.instance_id or self.allocation_id}"


class Standing(models.Model):
    """How one machine stands by its policies: what people put off, what was judged, and what comes next."""

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="standing")
    # "Keep it running tonight": the schedule puts nothing away before then. "Busy": nor does the idle rule.
    keep_until = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    # When its schedule put it away, which it brings back; null once it runs again.
    put_away_at = models.DateTimeField(null=True, blank=True)
    # The end of the lease, once it was extended; and how often.
    lease_until = models.DateTimeField(null=True, blank=True)
    extended = models.PositiveIntegerField(default=0)
    # The last warning ("3@<end>") and when the first one of that end was: none comes twice, and no machine is deleted
    # without one.
    lease_warned = models.CharField(max_length=64, blank=True)
    lease_warned_at = models.DateTimeField(null=True, blank=True)
    # The idle rule's last verdict: {"state", "reason", "signals"}, when, and from when on it was quiet.
    verdict = models.JSONField(default=dict)
    judged_at = models.DateTimeField(null=True, blank=True)
    # When it was warned of, and when it is then put away; both null when it is not idle, or was put off.
    warned_at = models.DateTimeField(null=True, blank=True)
    idle_due_at = models.DateTimeField(null=True, blank=True)
    # What happens next, for lists: the earliest of all its policies.
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    next_kind = models.CharField(max_length=8, blank=True)
    next_action = models.CharField(max_length=16, blank=True)

    def __str__(self) -> str:
        return f"standing of {self.instance_id}"


class PolicyRun(models.Model):
    """One thing that a policy asked for at one moment. The key makes it happen once, however often it is looked at."""

    class State(models.TextChoices):
        WAITING = (
            "waiting"  # the machine is busy, or nobody is connected: tried again while it is still right
        )
        ACTING = "acting"  # an operation is under way
        DONE = "done"
        FAILED = "failed"
        LEFT = "left"  # the machine is locked, was put away already, or the time for it is over

    LIVE = (State.WAITING, State.ACTING)

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="policy_runs")
    kind = models.CharField(max_length=8, choices=Policy.Kind)
    due_at = models.DateTimeField()
    action = models.CharField(max_length=16)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    # In a sentence, where it did not simply go well.
    reason = models.CharField(max_length=500, blank=True)
    error_id = models.CharField(max_length=64, blank=True)
    operation = models.UUIDField(null=True, blank=True, db_index=True)
    # Whose credentials were refused meanwhile, by the person's key.
    refused = models.JSONField(default=list)
    try_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-due_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "kind", "due_at"], name="one_run_per_moment")
        ]
        indexes = [models.Index(fields=["state", "try_at"], name="policy_run_due")]

    def __str__(self) -> str:
        return f"{self.action} of {self.instance_id} at {self.due_at:%Y-%m-%d %H:%M}"
