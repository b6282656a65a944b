from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.core.ids import uuid7
from portal.notices.announcement_models import Announcement as Announcement
from portal.notices.webhook_models import Sending as Sending
from portal.notices.webhook_models import Webhook as Webhook


class Told(models.Model):
    """That a person was told of an event: once, however often and by however many workers it is noticed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.key}"


class Level(models.TextChoices):
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


class Notice(models.Model):
    """One line of a person's inbox. `scope` is that of the audit: "allocation.12", or nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=64)
    scope = models.CharField(max_length=255, blank=True)
    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notices_of_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notices_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.kind} {self.title}"


class Choice(models.Model):
    """How a person wants to hear of one kind; where there is none, as the kind says."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices"
    )
    kind = models.CharField(max_length=64)
    page = models.BooleanField()
    mail = models.BooleanField()
    webhook = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_choice_per_kind")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class Mail(models.Model):
    """One e-mail to one address: intent until a worker has handed it to the mail server, then the record of that.

    `user` is empty for somebody who is no user yet. The id makes the Message-ID: who gets it twice can tell.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        FOLDED = "folded"  # came in a digest, which is a mail of its own
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="notice_mails"
    )
    to_address = models.EmailField(max_length=254)
    # Only of those to addresses: one mail per key. People are told once by `Told`.
    key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    kind = models.CharField(max_length=64, blank=True)
    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    # In the place of the text where that may open something, such as an invitation's link; erased once it was sent.
    sealed_text = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    # [{"name", "type", "content": base64}]; emptied once it was sent.
    attachments = models.JSONField(default=list, blank=True)
    folded_into = models.UUIDField(null=True, blank=True, db_index=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="mails_due"),
            models.Index(fields=["user", "-id"], name="mails_of_user"),
            models.Index(fields=["to_address", "sent_at"], name="mails_sent_to"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.state} {self.subject}"
