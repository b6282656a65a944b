"""Budgets and limits that a PI sets within an allocation, and what has come of them."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation, Grant
from portal.core.ids import uuid7


class Group(models.Model):
    """People of one allocation whom the PI has put together under a name."""

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["allocation", "name"], name="one_group_per_name")]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="seats")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="one_seat_per_person")]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"


class Subject(models.TextChoices):
    """Whom it is set on. DEFAULT: each member who has none of their own, each for themselves."""

    MEMBER = "member", "A member"
    GROUP = "group", "A group"
    MACHINE = "machine", "A machine"
    DEFAULT = "default", "Each member without one"


def subject_key(subject: str, *, user_id: int | None, group_id: int | None, machine_id: str = "") -> str:
    """Whom or what it is set on, as one word."""
    return f"{subject}:{user_id or group_id or machine_id}".removesuffix(":")


class Step(models.TextChoices):
    """What happens at a share of a budget; each does what those before it do."""

    NOTHING = "", "Nothing"
    TELL = "tell", "Tell"
    BLOCK = "block", "Tell, and block what is new"
    SHELVE = "shelve", "Tell, block, and shelve machines"


class Budget(models.Model):
    """How many SUs may be spent in each period by whom it is set on."""

    class Period(models.TextChoices):
        GRANT = "grant", "Whole grant"
        MONTH = "month", "Month"
        WEEK = "week", "Week"
        DAY = "day", "Day"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="budgets")
    subject = models.CharField(max_length=8, choices=Subject)
    # `subject_key()` of it: what the unique key stands on.
    subject_key = models.CharField(max_length=80)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="budgets")
    # Machines lie above this app: an id as text, and the name it had, for when it is gone.
    machine_id = models.CharField(max_length=64, blank=True)
    machine_name = models.CharField(max_length=255, blank=True)
    resource = models.CharField(max_length=16, choices=Grant.Resource, blank=True)
    su = models.DecimalField(max_digits=16, decimal_places=3)
    period = models.CharField(max_length=8, choices=Period, default=Period.MONTH)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    hard = models.BooleanField(default=True)
    at_80 = models.CharField(max_length=8, choices=Step, blank=True, default=Step.TELL)
    at_90 = models.CharField(max_length=8, choices=Step, blank=True, default=Step.TELL)
    at_100 = models.CharField(max_length=8, choices=Step, blank=True, default=Step.TELL)
    grace_minutes = models.PositiveIntegerField(default=60)
    tell_managers = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "subject_key", "resource", "period"],
                name="one_budget_per_subject_and_period",
                condition=Q(valid_from=None, valid_to=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.su:,.0f} SU for {self.name}"

    @property
    def name(self) -> str:
        """Whom or what it is set on, in words. Needs `user` and `group` fetched."""
        match self.subject:
            case Subject.MEMBER:
                return str(self.user)
            case Subject.GROUP:
                return f"group {self.group}"
            case Subject.MACHINE:
                return self.machine_name or self.machine_id
            case _:
                return "each member without a budget of their own"

    @property
    def steps(self) -> dict[int, str]:
        """{per cent: what happens}. A hard budget blocks at 100 % whatever else was chosen."""
        last = self.at_100
        if self.hard and last in (Step.NOTHING, Step.TELL):
            last = Step.BLOCK
        return {80: self.at_80, 90: self.at_90, 100: last}


class Limits(models.Model):
    """What machines a person may have; an empty field limits nothing."""

    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="limits")
    subject = models.CharField(max_length=8, choices=Subject)
    # `subject_key()` of it: what the unique key stands on.
    subject_key = models.CharField(max_length=80)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="limits")
    # Of one machine.
    max_vcpus = models.PositiveIntegerField(null=True, blank=True)
    max_ram_gb = models.PositiveIntegerField(null=True, blank=True)
    # Names of the cloud's flavor groups; empty: all.
    flavor_groups = models.JSONField(default=list, blank=True)
    # Of all machines of the person together: those that are there, and the GPUs of those that hold any.
    max_machines = models.PositiveIntegerField(null=True, blank=True)
    max_gpus = models.PositiveIntegerField(null=True, blank=True)
    lifetime_hours = models.PositiveIntegerField(null=True, blank=True)
    # At the end of a machine's lifetime; else it is only told.
    shelve_at_end = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "limits"
        constraints = [
            models.UniqueConstraint(fields=["allocation", "subject_key"], name="one_set_of_limits_each")
        ]

    def __str__(self) -> str:
        return f"Limits of {self.name}"

    @property
    def name(self) -> str:
        if self.subject == Subject.MEMBER:
            return str(self.user)
        return f"group {self.group}" if self.subject == Subject.GROUP else "members without their own"


class Crossing(models.Model):
    """That a share of a budget was reached: once per budget, person, period and share.

    `su`: the budget as it stood. When it is raised above what was spent, the row is `lifted_at`, and may come again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="crossings")
    # Of a default budget the person's key, else empty.
    person_key = models.CharField(max_length=24, blank=True)
    period_key = models.CharField(max_length=32)
    percent = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=8, choices=Step, blank=True)
    su = models.DecimalField(max_digits=16, decimal_places=3)
    spent = models.DecimalField(max_digits=16, decimal_places=6, default=Decimal(0))
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "person_key", "period_key", "percent"],
                condition=Q(lifted_at=None),
                name="one_crossing_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.budget_id} in {self.period_key}"


class SuCrossing(models.Model):
    """That a share of an allocation's SUs of one resource was reached in a grant's period: once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="+")
    resource = models.CharField(max_length=16)
    starts_on = models.DateField()
    percent = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "resource", "starts_on", "percent"], name="one_su_crossing_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.resource} of {self.allocation_id}"


class Shelving(models.Model):
    """That the portal will shelve a machine, or does so, because of a budget or its lifetime."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="+")
    machine_id = models.CharField(max_length=64)
    machine_name = models.CharField(max_length=255)
    # `cause` is what there is one of per machine: the crossing, or the end of its lifetime; `reason` is it in words.
    cause = models.CharField(max_length=120)
    crossing = models.ForeignKey(
        Crossing, on_delete=models.CASCADE, null=True, blank=True, related_name="shelvings"
    )
    reason = models.CharField(max_length=120)
    warned_at = models.DateTimeField()
    # When it is shelved, or after a try, when that is looked at again.
    due_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Why the last try came to nothing.
    problem_id = models.CharField(max_length=64, blank=True)
    problem_params = models.JSONField(default=dict, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["machine_id", "cause"], condition=Q(dropped_at=None), name="one_shelving_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.machine_name} at {self.due_at}"


class Ending(models.Model):
    """That the owner of a machine was told that its lifetime ends, or has ended: each once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="+")
    machine_id = models.CharField(max_length=64)
    ends_at = models.DateTimeField()
    over = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["machine_id", "ends_at", "over"], name="one_ending_each")
        ]

    def __str__(self) -> str:
        return f"{self.machine_id} at {self.ends_at}"
