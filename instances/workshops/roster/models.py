"""How people come into workshops: links, codes of guests, and what happened to each person."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from instances.workshops.models import Learner, Meeting, Workshop
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class JoinLink(models.Model):
    """One code by which a class comes in. It is found by its digest, and kept sealed so that it can be projected again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="join_links")
    digest = models.CharField(max_length=64, unique=True)
    sealed_code = models.TextField()
    # So many seats are given by it; whoever comes after them is put on the waiting list. Empty: as many as there are.
    cap = models.PositiveIntegerField(null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workshop"], condition=Q(revoked_at=None), name="one_live_link_a_workshop"
            )
        ]

    def __str__(self) -> str:
        return f"link of {self.workshop_id}"


class GuestCode(models.Model):
    """A code for one person who signs in nowhere. It is shown once; only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workshop = models.ForeignKey(Workshop, on_delete=models.CASCADE, related_name="guest_codes")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    # Who came by it: typed again on another device, it is the same person.
    user = models.OneToOneField(
        _PERSON, on_delete=models.CASCADE, null=True, blank=True, related_name="guest_code"
    )
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workshop", "number"], name="one_guest_code_a_number")]

    def __str__(self) -> str:
        return f"guest {self.number} of {self.workshop_id}"


class Coming(models.Model):
    """How a learner came and went, beside what the workshop knows of them."""

    learner = models.OneToOneField(Learner, on_delete=models.CASCADE, primary_key=True, related_name="coming")
    link = models.ForeignKey(
        JoinLink, on_delete=models.SET_NULL, null=True, blank=True, related_name="comings"
    )
    # The name of the account with which they came.
    account_name = models.CharField(max_length=255, blank=True)
    invited_at = models.DateTimeField(null=True, blank=True)
    invitations = models.PositiveIntegerField(default=0)
    out_at = models.DateTimeField(null=True, blank=True)
    # By whom; nobody: they left by themselves, and may come back.
    out_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    left = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"coming of {self.learner_id}"


class Calendar(models.Model):
    """What learners' calendars were given of a workshop's meetings, so that the next version replaces it."""

    workshop = models.OneToOneField(
        Workshop, on_delete=models.CASCADE, primary_key=True, related_name="calendar"
    )
    sequence = models.PositiveIntegerField(default=0)
    # So many meetings it had at most: those that are no more are cancelled in calendars.
    most = models.PositiveIntegerField(default=0)
    # Times were moved, and learners hear of it then, unless they are moved again meanwhile.
    tell_at = models.DateTimeField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"calendar of {self.workshop_id}"


class Reminded(models.Model):
    """That learners were reminded of a meeting, so many hours before it. Once."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="reminded")
    hours = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "hours"], name="one_reminder_a_meeting")]

    def __str__(self) -> str:
        return f"{self.hours} hours before {self.meeting_id}"
