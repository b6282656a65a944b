"""What is done inside seats: commands, files that are given out, work that is collected, homes that outlive a machine.

Each is one row per seat, a `Job`, which a worker claims for a while. What is long lies sealed in a file of its own.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from instances.models import Instance
from instances.workshops.models import Learner, Seat, Workshop
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class Stored(models.Model):
    """A sealed file of the portal's (`vault`). Without its key nothing can read it, nor any copy of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sealed_key = models.TextField(blank=True)
    created_at = models.DateTimeField()
    # Of the plain text; empty while it is being written.
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.pk)


class Job(models.Model):
    """Something to do in one seat. A worker has it until `lease_until`, under the name `taken_by`."""

    class State(models.TextChoices):
        ASKED = "asked", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        # Tried several times; it may be tried again by hand.
        UNREACHABLE = "unreachable", "Not reached"
        STOPPED = "stopped", "Stopped"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(max_length=12, choices=State, default=State.ASKED)
    # The machine on which it was begun.
    instance = models.ForeignKey(Instance, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # When a worker looks at it; null: there is nothing more to do.
    next_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    taken_by = models.UUIDField(null=True, blank=True)
    problem_id = models.CharField(max_length=64, blank=True)
    problem_params = models.JSONField(default=dict)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def over(self) -> bool:
        return self.state not in (self.State.ASKED, self.State.RUNNING)


class CommandRun(models.Model):
    """A command for some seats. Its text is sealed: people type secrets; `word` is the program's name, where it is one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="runs")
    by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    sealed_command = models.TextField()
    word = models.CharField(max_length=40, blank=True)
    as_root = models.BooleanField(default=False)
    seconds = models.PositiveIntegerField()
    asked_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]

    def __str__(self) -> str:
        return f"run {self.pk}"


class SeatRun(Job):
    """A command at one seat. Its id is also what the machine knows it by, so that it is started once."""

    run = models.ForeignKey(CommandRun, on_delete=models.CASCADE, related_name="seats")
    seat = models.ForeignKey(Seat, on_delete=models.SET_NULL, null=True, related_name="+")
    number = models.PositiveIntegerField()
    learner = models.ForeignKey(Learner, on_delete=models.SET_NULL, null=True, related_name="+")
    exit = models.SmallIntegerField(null=True, blank=True)
    # Its beginning and its end as the machine gave them, sealed (`output`); `cut`: the middle is missing.
    sealed_output = models.TextField(blank=True)
    cut = models.BooleanField(default=False)

    class Meta:
        ordering = ["number", "id"]
        indexes = [models.Index(fields=["next_at"], name="seat_run_due")]
        constraints = [models.UniqueConstraint(fields=["run", "seat"], name="one_run_a_seat")]


class Push(models.Model):
    """A file, or a folder that came as a zip, for seats. `course`: also for every seat that gets a machine later."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="pushes")
    by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    stored = models.ForeignKey(Stored, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200)
    # Below the learner's home; empty: the home itself.
    folder = models.CharField(max_length=300, blank=True)
    unpack = models.BooleanField(default=False)
    files = models.PositiveIntegerField(default=1)
    size_bytes = models.PositiveBigIntegerField(default=0)
    course = models.BooleanField(default=False)
    # Counts what was put under this name and folder: seats that have an older one get the newer.
    edition = models.PositiveIntegerField(default=1)
    asked_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workshop", "folder", "name"],
                condition=Q(course=True, removed_at=None),
                name="one_course_file_a_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class SeatPut(Job):
    """A file at one seat: done means that this edition lies on this machine."""

    push = models.ForeignKey(Push, on_delete=models.CASCADE, related_name="seats")
    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="+")
    edition = models.PositiveIntegerField(default=1)
    # What was done with its files: {"made": 3, "same": 0, "kept": 1}; kept: the learner's own lies beside it.
    said = models.JSONField(default=dict)

    class Meta:
        ordering = ["seat__number", "id"]
        indexes = [models.Index(fields=["next_at"], name="seat_put_due")]
        constraints = [models.UniqueConstraint(fields=["push", "seat"], name="one_put_a_seat")]


class WorkPlan(models.Model):
    """What is collected of each learner at the end. A workshop without one has its homes collected."""

    workshop = models.OneToOneField(Workshop, on_delete=models.CASCADE, related_name="work_plan")
    wanted = models.BooleanField(default=True)
    # Folders and patterns below the home; none: all of it, but caches.
    patterns = models.JSONField(default=list)
    # The word that what could not be collected is not waited for.
    gone_on_at = models.DateTimeField(null=True, blank=True)
    gone_on_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"work of {self.workshop_id}"


class Work(Job):
    """One learner's work: how the last collection stands, and what is here since `collected_at`."""

    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="work")
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="work")
    seat = models.ForeignKey(Seat, on_delete=models.SET_NULL, null=True, related_name="+")
    stored = models.ForeignKey(Stored, on_delete=models.SET_NULL, null=True, related_name="+")
    collected_at = models.DateTimeField(null=True, blank=True)
    files = models.PositiveIntegerField(default=0)
    # It was larger than is kept; some of it could not be read.
    cut = models.BooleanField(default=False)
    partly = models.BooleanField(default=False)
    # The portal brought the machine back for it, and puts it away again.
    woken_at = models.DateTimeField(null=True, blank=True)
    wakes = models.PositiveSmallIntegerField(default=0)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["learner__name", "id"]
        indexes = [models.Index(fields=["next_at"], name="work_due")]
        constraints = [models.UniqueConstraint(fields=["workshop", "learner"], name="one_work_a_learner")]


class Home(Job):
    """A home that is kept while its machine is set up anew, and put back when the seat is ready. DONE: it was."""

    class Step(models.TextChoices):
        SAVE = "save", "Being saved"
        KEPT = "kept", "Saved"
        BACK = "back", "Being put back"

    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="+")
    # The moment of which it is to be.
    since = models.DateTimeField()
    step = models.CharField(max_length=4, choices=Step, default=Step.SAVE)
    stored = models.ForeignKey(Stored, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-since"]
        indexes = [models.Index(fields=["next_at"], name="home_due")]
        constraints = [models.UniqueConstraint(fields=["seat", "since"], name="one_home_a_moment")]
