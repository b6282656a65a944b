"""What the portal keeps of shells, desktops, files and ports: who, which machine, from where, and how it ended.

The bytes themselves are in none of these tables.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation
from instances.models import Instance
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class CertificateAuthority(models.Model):
    """A key that signs people's short-lived SSH certificates. The newest that is not retired signs first."""

    # 1, 2, …: two processes that make the same one at once make it once.
    generation = models.PositiveIntegerField(unique=True)
    public_key = models.CharField(max_length=512, unique=True)
    sealed_private_key = models.TextField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-generation"]

    def __str__(self) -> str:
        return f"authority {self.generation}"


class MachineTrust(models.Model):
    """That a machine takes certificates for one login: set up so at launch, or later by its owner."""

    class How(models.TextChoices):
        LAUNCH = "launch"
        INSTALLED = "installed"

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="ssh_trust")
    login = models.CharField(max_length=32)
    # Public keys of the authorities that it was told to trust, and those of them that its user-data brings back when
    # it is rebuilt.
    authorities = models.JSONField(default=list)
    at_launch = models.JSONField(default=list)
    how = models.CharField(max_length=12, choices=How)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"trust of {self.instance_id}"


class HostKeyPin(models.Model):
    """A host key that a person vouched for, where the console log does not tell. Each is in the audit log too."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="host_key_pins")
    key = models.TextField()
    accepted_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    # A newer boot of the machine printed other keys: the console log counts again.
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"host key of {self.instance_id}"


class JumpHost(models.Model):
    """A machine through which others of its project are reached. One for each project that needs one."""

    class How(models.TextChoices):
        CHOSEN = "chosen"
        MADE = "made"

    allocation = models.OneToOneField(Allocation, on_delete=models.CASCADE, related_name="jump_host")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="jumps")
    login = models.CharField(max_length=32)
    how = models.CharField(max_length=8, choices=How)
    chosen_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    # A chosen one: when its login was there; or why that could not be put there.
    ready_at = models.DateTimeField(null=True, blank=True)
    error_id = models.CharField(max_length=64, blank=True)
    error_params = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"jump host of {self.allocation_id}"


class RemoteSession(models.Model):
    """One shell, desktop, file browser or port of one person on one machine."""

    class Kind(models.TextChoices):
        SHELL = "shell"
        DESKTOP = "desktop"
        FILES = "files"
        PORT = "port"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="remote_sessions")
    person = models.ForeignKey(_PERSON, on_delete=models.CASCADE, related_name="remote_sessions")
    kind = models.CharField(max_length=8, choices=Kind)
    login = models.CharField(max_length=32)
    # For ports: the one that was opened.
    port = models.PositiveIntegerField(null=True, blank=True)
    # Where the person was, and which portal session it hangs on (`portal.core.events.session_mark`).
    source = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)
    session_mark = models.CharField(max_length=32, blank=True)
    # The process that holds it: a reconnecting page is led there.
    node = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField()
    # When the machine had let the person in; null: it never came to that.
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    # Since when nobody is on it, though it is kept for a while.
    away_since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # An id of `instances.remote.endings`.
    end_reason = models.CharField(max_length=32, blank=True)
    ended_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    # From the machine, and to it.
    bytes_out = models.PositiveBigIntegerField(default=0)
    bytes_in = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["instance", "-asked_at"], name="remote_of_instance"),
            models.Index(fields=["person", "-asked_at"], name="remote_of_person"),
            models.Index(fields=["-asked_at", "-id"], name="remote_by_time"),
            models.Index(fields=["person"], condition=Q(ended_at=None), name="remote_live"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Mode(models.TextChoices):
    VIEW = "view", "looks on"
    TYPE = "type", "may type"


class Share(models.Model):
    """The owner's word that others may join a live session: one person, or everybody with a right to the machine."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(RemoteSession, on_delete=models.CASCADE, related_name="shares")
    mode = models.CharField(max_length=4, choices=Mode)
    # Null: whoever may open this machine by themselves.
    invited = models.ForeignKey(_PERSON, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"share {self.pk}"


class Visit(models.Model):
    """Somebody's time on somebody else's session."""

    session = models.ForeignKey(RemoteSession, on_delete=models.CASCADE, related_name="visits")
    # By whose word.
    share = models.ForeignKey(Share, on_delete=models.SET_NULL, null=True, related_name="visits")
    person = models.ForeignKey(_PERSON, on_delete=models.CASCADE, related_name="remote_visits")
    mode = models.CharField(max_length=4, choices=Mode)
    source = models.GenericIPAddressField(null=True, blank=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    left_reason = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["-joined_at", "-pk"]

    def __str__(self) -> str:
        return f"visit {self.pk}"


class Recording(models.Model):
    """What a shell printed, as asciicast v2, in a file of `settings.RECORDINGS_DIR`. Input is never recorded."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(RemoteSession, on_delete=models.CASCADE, related_name="recordings")
    started_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    # Opens the file, and is itself sealed; erased with it, so that no copy of the file tells anything any more.
    sealed_key = models.TextField(blank=True)
    # An id of `instances.remote.recordings.STOPPED`.
    end_reason = models.CharField(max_length=16, blank=True)
    # Kept until then; then the key and the file go, and the row stays as a witness.
    keep_until = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(ended_at=None), name="one_recording_at_once"
            )
        ]

    def __str__(self) -> str:
        return f"recording {self.pk}"


class Certificate(models.Model):
    """A certificate that was signed for a person's own key, to be able to say who holds which until when."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="certificates")
    person = models.ForeignKey(_PERSON, on_delete=models.CASCADE, related_name="+")
    serial = models.PositiveBigIntegerField()
    key_fingerprint = models.CharField(max_length=128)
    # The certificate itself, for its person to fetch again: of no use without the private key.
    text = models.TextField(blank=True)
    login = models.CharField(max_length=32)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-issued_at"]

    def __str__(self) -> str:
        return f"certificate {self.serial}"


class PlacedKey(models.Model):
    """A public key that the portal put on a machine for somebody, to take it away when they may connect no more."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="placed_keys")
    person = models.ForeignKey(_PERSON, on_delete=models.CASCADE, related_name="+")
    login = models.CharField(max_length=32)
    # `<type> <base64>`
    key = models.TextField()
    placed_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["instance"], condition=Q(removed_at=None), name="placed_keys_there"),
        ]

    def __str__(self) -> str:
        return f"key of {self.person_id} on {self.instance_id}"
