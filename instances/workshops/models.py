"""A workshop: what was planned (intent), who takes part, and which machine is whose seat."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation
from instances.models import Instance
from instances.workshops.rights import Right
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class Workshop(models.Model):
    """One course of one or several meetings, on machines of one allocation.

    `opens_at` and `closes_at` are what its meetings make of its times (`clock.window`): learners are at their seats
    only between them, and only while it is RUNNING.
    """

    class State(models.TextChoices):
        # Being written: nothing is built, nobody can join.
        DRAFT = "draft", "Draft"
        # The clock will build it. People may join.
        PLANNED = "planned", "Planned"
        # Seats are being built or are there: from the first launch until the last meeting's tail is over.
        RUNNING = "running", "Running"
        # Over: seats are put away, work is collected, until `remove_after`.
        ENDED = "ended", "Ended"
        # Everything that was made for it is being removed.
        REMOVING = "removing", "Being removed"
        # Nothing is left, and `proof` says how that was seen.
        REMOVED = "removed", "Removed"
        CANCELLED = "cancelled", "Cancelled"

    class Between(models.TextChoices):
        """What becomes of the seats between two meetings."""

        SHELVE = "shelve", "Shelved"
        STOP = "stop", "Stopped"
        KEEP = "keep", "Left running"

    class StartUp(models.TextChoices):
        SHELL = "shell", "Shell"
        DESKTOP = "desktop", "Desktop"
        PORT = "port", "Web application"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.CASCADE, related_name="workshops")
    # Whose it is, and whose machines its seats are. A workshop whose owner left belongs to those who manage.
    owner = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="workshops")
    title = models.CharField(max_length=120)
    summary = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    time_zone = models.CharField(max_length=64)

    # What a seat is.
    image_id = models.CharField(max_length=64, blank=True)
    image_name = models.CharField(max_length=255, blank=True)
    flavor_id = models.CharField(max_length=255, blank=True)
    flavor_name = models.CharField(max_length=255, blank=True)
    boot_volume_gb = models.PositiveIntegerField(null=True, blank=True)
    network_id = models.CharField(max_length=64, blank=True)
    desktop = models.BooleanField(default=False)
    start_up = models.CharField(max_length=8, choices=StartUp, default=StartUp.SHELL)
    start_port = models.PositiveIntegerField(null=True, blank=True)
    start_path = models.CharField(max_length=255, blank=True)
    # The learner's own Linux account on their seat; never the one with which the portal and helpers set it up.
    login = models.CharField(max_length=32, default="learner")
    sudo = models.BooleanField(default=False)
    sealed_boot_script = models.TextField(blank=True)
    repository_url = models.CharField(max_length=500, blank=True)
    repository_ref = models.CharField(max_length=100, blank=True)
    # What seats are given besides (`guests.data`): [{"kind": "volume" | "share", …}]; secrets in it are sealed.
    data = models.JSONField(default=list)
    # The course template that it was made from, and with which values: {"id", "version", "values"}; {} for none.
    course = models.JSONField(default=dict)

    # How many, for how much.
    seats = models.PositiveIntegerField(default=0)
    spares = models.PositiveIntegerField(default=0)
    su_cap = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    # The instructor's word that a meeting may go on beyond the cap, until then.
    over_cap_until = models.DateTimeField(null=True, blank=True)

    # When. Ready so many minutes before a meeting, put away so many after it.
    ready_minutes = models.PositiveIntegerField(default=15)
    tail_minutes = models.PositiveIntegerField(default=15)
    between = models.CharField(max_length=6, choices=Between, default=Between.SHELVE)
    keep_days = models.PositiveIntegerField(default=3)
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    remove_after = models.DateTimeField(null=True, blank=True)

    # What learners read. `steps`: their titles, in order.
    hand_out = models.TextField(blank=True)
    house_rules = models.TextField(blank=True)
    steps = models.JSONField(default=list)
    # Who may join (`roster.admission`): {"roster_only", "domains": [], "approve", "guests"}.
    admits = models.JSONField(default=dict)

    # What happened.
    created_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    # What was counted at the cloud when nothing was left: {"at", "counted": {"servers": 0, …}, "made": {…}}.
    proof = models.JSONField(default=dict)
    # Why the engine holds back for the whole of it, as a problem; empty: it does not.
    hold_id = models.CharField(max_length=64, blank=True)
    hold_params = models.JSONField(default=dict)
    hold_since = models.DateTimeField(null=True, blank=True)
    # Until then nothing is tried again.
    hold_until = models.DateTimeField(null=True, blank=True)
    # Machines that it could use now and has not asked for: what others' shares of the cloud are measured against.
    wants = models.PositiveIntegerField(default=0)

    # When the engine looks next, and who is looking.
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=1)

    # Not stored: the right of the person for whom `access` fetched it.
    viewer_right: Right | None = None

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["allocation", "state"], name="workshop_list")]

    def __str__(self) -> str:
        return self.title


class Meeting(models.Model):
    """Wall-clock times in the workshop's zone are what was meant; the moments are what they are in UTC.

    An end that is not after its beginning is on the next day.
    """

    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="meetings")
    title = models.CharField(max_length=120, blank=True)
    day = models.DateField()
    begins = models.TimeField()
    ends = models.TimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["workshop", "starts_at"], name="one_meeting_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.workshop_id} {self.starts_at:%Y-%m-%d %H:%M}"


class Helper(models.Model):
    """Who helps to run it, named by the instructor; `user` once somebody with that address or id has signed in.

    Helpers need no membership of the allocation: what they may do is of this workshop's seats alone.
    """

    class Role(models.TextChoices):
        INSTRUCTOR = "instructor", "Instructor"
        ASSISTANT = "assistant", "Assistant"

    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="helpers")
    user = models.ForeignKey(
        _PERSON, on_delete=models.CASCADE, null=True, blank=True, related_name="helps_at"
    )
    name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(blank=True)
    access_id = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.ASSISTANT)
    added_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workshop", "user"], condition=~Q(user=None), name="one_helper_each"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.access_id


class Learner(models.Model):
    """Who takes part: named on the roster, or come by the link. `user` once they have signed in and joined."""

    class State(models.TextChoices):
        # On the roster, not come yet. A seat is kept for them.
        INVITED = "invited", "Invited"
        # Come, and there was no seat: the next free one is theirs.
        WAITING = "waiting", "On the waiting list"
        # Come, and the instructor has to say yes first.
        ASKING = "asking", "Asks to join"
        IN = "in", "In"
        OUT = "out", "Removed"

    class Via(models.TextChoices):
        ROSTER = "roster", "Roster"
        LINK = "link", "Link"
        HAND = "hand", "By hand"
        GUEST = "guest", "Guest code"
        TEST = "test", "Test drive"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="learners")
    user = models.ForeignKey(
        _PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="learns_at"
    )
    name = models.CharField(max_length=150)
    email = models.EmailField(blank=True)
    access_id = models.CharField(max_length=150, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.INVITED)
    via = models.CharField(max_length=6, choices=Via)
    added_at = models.DateTimeField()
    # The rules were accepted then, and they are in since.
    joined_at = models.DateTimeField(null=True, blank=True)
    # In line for a seat since then: the order of the waiting list.
    waiting_since = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    # How many of the steps they said they have done.
    step = models.PositiveSmallIntegerField(default=0)
    step_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workshop", "user"], condition=~Q(user=None), name="one_learner_each"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """A place in the room: a number, at most one learner, and at most one machine at a time.

    A spare is a seat of nobody: its machine is given to a seat whose own one failed, and another is built behind it.
    `stage` is where the engine is with the machine; what people see of it besides is `board.tiles`.
    """

    class Stage(models.TextChoices):
        # No machine, and none asked for yet (or none to be asked for before `not_before`).
        EMPTY = "empty", "Waiting"
        BUILDING = "building", "Building"
        READY = "ready", "Ready"
        # Put away between meetings, or by hand.
        AWAY = "away", "Put away"
        RETURNING = "returning", "Coming back"
        # Something is being done to it that ends in READY: reset, restart.
        MENDING = "mending", "Being mended"
        BROKEN = "broken", "Broken"
        # Its machine is being deleted, and none will follow.
        GOING = "going", "Being removed"
        GONE = "gone", "Removed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="places")
    number = models.PositiveIntegerField()
    spare = models.BooleanField(default=False)
    learner = models.OneToOneField(
        Learner, on_delete=models.SET_NULL, null=True, blank=True, related_name="seat"
    )
    instance = models.OneToOneField(
        Instance, on_delete=models.SET_NULL, null=True, blank=True, related_name="seat"
    )
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.EMPTY)
    stage_since = models.DateTimeField()
    # The operation at whose end the stage ends (its launch, start, shelve, reset); ids of operations are not rows of ours.
    operation = models.UUIDField(null=True, blank=True)
    # Machines tried for it that failed, one after the other; nothing is tried again before `not_before`.
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    problem_id = models.CharField(max_length=64, blank=True)
    problem_params = models.JSONField(default=dict)
    # Kept as it is by hand (an instructor put it away, or looks into it): the clock leaves it alone until then.
    held_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        ordering = ["spare", "number"]
        constraints = [
            models.UniqueConstraint(fields=["workshop", "spare", "number"], name="one_seat_a_number")
        ]

    def __str__(self) -> str:
        return f"{'spare' if self.spare else 'seat'} {self.number}"


class SeatMachine(models.Model):
    """Every machine that was ever made for a workshop: what the report charges to seats, and the proof looks for.

    `seat` is that for which it was made or which it served last; `learner` who had it last.
    """

    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="machines")
    seat = models.ForeignKey(Seat, on_delete=models.SET_NULL, null=True, related_name="machines")
    learner = models.ForeignKey(Learner, on_delete=models.SET_NULL, null=True, related_name="machines")
    instance = models.OneToOneField(
        Instance, on_delete=models.SET_NULL, null=True, related_name="seat_machine"
    )
    made_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    # Why it serves no seat any more: "failed", "stuck", "swapped", "replaced", "lost", "over".
    left_because = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering = ["made_at", "pk"]

    def __str__(self) -> str:
        return f"{self.instance_id} of {self.workshop_id}"


class HelpRequest(models.Model):
    """ "I need help": open until somebody, or the learner, says that it is done."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="calls")
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="calls")
    text = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    claimed_by = models.ForeignKey(
        _PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["learner"], condition=Q(done_at=None), name="one_open_call_a_learner"
            )
        ]

    def __str__(self) -> str:
        return f"help for {self.learner_id}"


class Attendance(models.Model):
    """When a learner was first and last seen at their seat during one meeting."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendance")
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="attendance")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "learner"], name="one_attendance_each")]

    def __str__(self) -> str:
        return f"{self.learner_id} at {self.meeting_id}"
