"""The only door to sessions, invitations and recordings, on top of the one to machines (`instances.access`)."""

from dataclasses import dataclass
from uuid import UUID

from allocations.access import Person
from allocations.roles import Need
from instances.access import attendable, instance_for, may, may_look_on, uuid_of
from instances.models import Instance
from instances.remote.models import Recording, RemoteSession, Share, Visit
from portal.accounts.models import User
from portal.core.errors import PortalError

_SESSIONS = RemoteSession.objects.select_related("person", "instance__allocation", "instance__owner")


def session_for(user: Person, id: UUID | str) -> RemoteSession:
    """For one who may see it in full and end it: whose it is, whose machine it is on, who acts on others' machines."""
    found = _session(user, id)
    if found.person_id == user.pk:
        return found
    found.instance = _instance(user, found.instance_id)
    if not may(user, found.instance, Need.ACT):
        raise PortalError("portal:forbidden", need="end the sessions of others")
    return found


def own_session(user: Person, id: UUID | str) -> RemoteSession:
    """For whose it is: only they share and record it. Not-found for everybody else."""
    found = _session(user, id)
    if found.person_id != user.pk:
        raise PortalError("portal:not-found")
    return found


def attended_session(user: Person, id: UUID | str) -> RemoteSession:
    """For who is on it, who was, and who may see the machine: whether it lives, and who is on it."""
    found = _session(user, id)
    if found.person_id != user.pk and not Visit.objects.filter(session=found, person_id=user.pk).exists():
        found.instance = _instance(user, found.instance_id)
    return found


def seatable(user: Person, id: UUID | str) -> RemoteSession:
    """A session of somebody else that the person may look on without being asked: their own machine's, or as who helps."""
    found = _session(user, id)
    found.instance = attendable(user, found.instance_id)
    if found.person_id == user.pk:
        raise PortalError("remote:own-session")
    if not may_look_on(user, found.instance):
        raise PortalError("portal:forbidden", need="look on at the sessions of others")
    return found


@dataclass(frozen=True, slots=True)
class Seat:
    """What an invitation gives this person. `outsider`: the machine is none that they could see otherwise."""

    share: Share
    session: RemoteSession
    instance: Instance
    outsider: bool

    @property
    def mode(self) -> str:
        return self.share.mode


def seat_for(user: Person, share_id: UUID | str) -> Seat:
    """An invitation that holds, for one whom it is for. Not-found for others; `remote:share-over` when it is over."""
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    shares = Share.objects.select_related("session__person", "session__instance__allocation", "invited")
    share = shares.filter(pk=uuid_of(share_id)).first()
    if share is None or not (share.invited_id == user.pk or share.invited_id is None):
        raise PortalError("portal:not-found")
    session = share.session
    if by_right(share):
        session.instance = attendable(user, session.instance_id)
    if share.ended_at is not None or session.ended_at is not None:
        raise PortalError("remote:share-over")
    return Seat(share, session, session.instance, _outsider(user, session.instance_id))


def is_as_another(session: RemoteSession, instance: Instance) -> bool:
    """A learner is on their seat by their own login only, also where they began as somebody else.

    `instance` came through `attendable`, for the person of the session.
    """
    place = instance.place
    return place is not None and place.role == "learner" and session.login != place.login


def by_right(share: Share) -> bool:
    """Whether it holds only for who may open the machine by themselves: everybody's, and a seat that one opened."""
    return share.invited_id is None or share.invited_id == share.created_by_id


def recording_for(user: Person, id: UUID | str) -> Recording:
    """For who may still see the machine, and was on the shell, owns the machine, or manages the allocation."""
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    found = Recording.objects.select_related("session__person", "started_by").filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError("portal:not-found")
    session = found.session
    session.instance = instance_for(user, session.instance_id, Need.SEE)
    mine = user.pk in (session.person_id, session.instance.owner_id)
    manages = may(user, session.instance, Need.MANAGE)
    if not (mine or manages or Visit.objects.filter(session=session, person=user).exists()):
        raise PortalError("portal:not-found")
    return found


def removable_recording(user: Person, id: UUID | str) -> Recording:
    """For whose shell it was, and who manages the allocation."""
    found = recording_for(user, id)
    if not may_remove(user, found):
        raise PortalError("portal:forbidden", need="delete recordings of others")
    return found


def may_remove(user: Person, recording: Recording) -> bool:
    """For a recording that came through its door."""
    session = recording.session
    return session.person_id == user.pk or may(user, session.instance, Need.MANAGE)


def _session(user: Person, id: UUID | str) -> RemoteSession:
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    found = _SESSIONS.filter(pk=uuid_of(id)).first()
    if found is None:
        raise PortalError("portal:not-found")
    return found


def _instance(user: Person, id: UUID) -> Instance:
    return instance_for(user, id, Need.SEE)


def _outsider(user: User, instance_id: UUID) -> bool:
    try:
        instance_for(user, instance_id, Need.SEE)
    except PortalError:
        return True
    return False
