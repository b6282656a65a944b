"""Course templates: what a workshop is made of, kept to be used again. Intent of people, nothing of a cloud's state."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from allocations.models import Allocation
from portal.core.ids import uuid7

_PERSON = settings.AUTH_USER_MODEL


class CourseTemplate(models.Model):
    """Of one allocation; or, published by an operator, for everybody at its cloud (all clouds where that is empty)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    allocation = models.ForeignKey(
        Allocation, on_delete=models.CASCADE, null=True, blank=True, related_name="course_templates"
    )
    cloud = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=120)
    summary = models.TextField(blank=True)
    # Made from CACAO's files, from a workshop, or here.
    origin = models.CharField(max_length=12, default="workshop")
    made_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    # Not offered any more; workshops that were made from it keep what they have.
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["allocation", "title"], condition=Q(retired_at=None), name="one_template_a_title"
            )
        ]

    def __str__(self) -> str:
        return self.title


class CourseVersion(models.Model):
    """What a template said at one time. Never changed: a workshop names the version that it was made from."""

    template = models.ForeignKey(CourseTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=200, blank=True)
    # Fields of a workshop by their names, without the script (`course.Content`).
    content = models.JSONField(default=dict)
    sealed_boot_script = models.TextField(blank=True)
    # What is filled in for each workshop (`parameters.Parameter`), in order.
    parameters = models.JSONField(default=list)
    # What was in CACAO's files and cannot be had here, in sentences.
    cannot = models.JSONField(default=list)
    made_by = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="one_version_a_number")]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValueError("a version of a course template is never changed: make another")
        super().save(*args, **kwargs)
