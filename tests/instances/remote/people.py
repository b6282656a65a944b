"""Sessions, invitations and recordings for tests that need no machine that answers."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from instances.models import Instance
from instances.remote.models import RemoteSession, Share, Visit
from portal.accounts.models import User


def session_on(machine: Instance, person: User, **fields: Any) -> RemoteSession:
    """A shell that goes on since five minutes ago."""
    now = timezone.now()
    given = {
        "kind": "shell",
        "login": "exouser",
        "source": "192.0.2.7",
        "asked_at": now - timedelta(minutes=5),
        "started_at": now - timedelta(minutes=5),
        "seen_at": now,
    }
    return RemoteSession.objects.create(instance=machine, person=person, **{**given, **fields})


def ended_on(machine: Instance, person: User, **fields: Any) -> RemoteSession:
    now = timezone.now()
    given = {
        "ended_at": now - timedelta(minutes=1),
        "end_reason": "exited",
        "bytes_out": 2048,
        "bytes_in": 100,
    }
    return session_on(machine, person, **{**given, **fields})


def visit_on(share: Share, person: User, **fields: Any) -> Visit:
    given = {"mode": share.mode, "source": "192.0.2.9", "joined_at": timezone.now()}
    return Visit.objects.create(session=share.session, share=share, person=person, **{**given, **fields})
