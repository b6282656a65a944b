"""A learner has their seat and nothing else: sockets' topics, the API, what is shared, recorded and told."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from allocations.roles import Need
from instances import access, hooks_seats
from instances.models import Instance
from instances.remote import opening, recordings, sharing, shown, visits
from instances.remote.link import Secret
from instances.remote.models import RemoteSession, Share, Visit
from instances.remote.opening import Origin
from instances.remote.ports import asking, door, pages
from instances.remote.ports.names import Name, site_of
from instances.remote.ports.wanted import wanted_of
from instances.workshops.models import Helper, Learner, Seat, Workshop
from portal.accounts import tokens
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.sockets import group_of
from tests.cast import make_user
from tests.instances.remote.people import session_on
from tests.instances.workshops.room import make_helper, make_learner, make_workshop, seat_of, sit

ORIGIN = Origin("192.0.2.1", "test", "mark")
Refused = pytest.raises(PortalError)


@pytest.fixture(autouse=True)
def ports(settings: Settings) -> None:
    settings.PORTS_SITE = "http://ports.localhost:8000"


@pytest.fixture
def machine(seat: Seat) -> Instance:
    assert seat.instance is not None
    seat.instance.public_address = "192.0.2.80"
    seat.instance.host_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOd5"]
    seat.instance.save()
    return seat.instance


def open_on(machine: Instance, by: User, **more: Any) -> RemoteSession:
    given = {"kind": "shell", "origin": ORIGIN, **more}
    return opening.open_session(by=by, instance=machine, **given).session


# Topics of sockets.


def joins(user: User, name: str) -> bool:
    try:
        return bool(group_of(user, name))
    except PortalError:
        return False


def names_of(seat: Seat, session: RemoteSession) -> dict[str, str]:
    pk = seat.instance_id
    return {
        "instance": f"instance:{pk}",
        "metrics": f"metrics:{pk}",
        "allocation": f"allocation:{seat.workshop.allocation.slug}",
        "remote-of": f"remote-of:{pk}",
        "remote-of-all": f"remote-of-all:{seat.workshop.allocation.slug}",
        "remote": f"remote:{session.pk}",
        "workshop": f"workshop:{seat.workshop_id}",
        "part": f"part:{seat.workshop_id}",
    }


def test_a_learner_hears_of_their_part_and_their_own_sessions_only(seat: Seat, lea: User) -> None:
    assert seat.instance is not None
    names = names_of(seat, session_on(seat.instance, lea))
    assert {kind for kind, name in names.items() if joins(lea, name)} == {"part", "remote"}


def test_a_classmate_hears_of_their_own_part_only(seat: Seat, lea: User, other_learner: Learner) -> None:
    assert seat.instance is not None and other_learner.user is not None
    names = names_of(seat, session_on(seat.instance, lea))
    assert {kind for kind, name in names.items() if joins(other_learner.user, name)} == {"part"}
    assert group_of(other_learner.user, names["part"]) != group_of(lea, names["part"])


def test_a_helper_hears_of_the_workshop_and_not_of_the_allocation(
    seat: Seat, lea: User, helper: User
) -> None:
    assert seat.instance is not None
    names = names_of(seat, session_on(seat.instance, lea))
    assert {kind for kind, name in names.items() if joins(helper, name)} == {"workshop"}


@pytest.mark.parametrize("how", ["removed", "stranger", "helper of another"])
def test_whoever_has_no_part_hears_nothing(seat: Seat, lea: User, how: str) -> None:
    assert seat.instance is not None
    session, user = session_on(seat.instance, make_user("owner")), lea
    if how == "removed":
        Learner.objects.filter(seat=seat).update(state=Learner.State.OUT)
    else:
        user = make_user("eve")
    if how == "helper of another":
        make_helper(make_workshop(seat.workshop.allocation, None), user, Helper.Role.INSTRUCTOR)
    assert not any(joins(user, name) for name in names_of(seat, session).values())


# Logging in.


def test_only_the_workshops_login_is_theirs(seat: Seat, machine: Instance, lea: User) -> None:
    for asked in ("", "exouser", "root", "ubuntu", "learner"):
        assert open_on(machine, lea, login=asked).login == seat.workshop.login


@pytest.mark.parametrize("kind", ["shell", "desktop", "files", "port"])
def test_of_no_kind_is_another_login_had(seat: Seat, machine: Instance, lea: User, kind: str) -> None:
    port = 8888 if kind == "port" else None
    assert open_on(machine, lea, kind=kind, login="exouser", port=port).login == seat.workshop.login


def test_a_port_is_opened_by_the_own_login_whatever_key_comes_with_it(
    seat: Seat, machine: Instance, lea: User
) -> None:
    secret = Secret(private_key="key", login="exouser")
    leaving = asking.open_port(
        by=lea, instance=machine, wanted=wanted_of("8888"), origin=ORIGIN, secret=secret
    )
    assert leaving.session.login == seat.workshop.login


def test_a_helper_is_there_as_the_machines_own_account_and_never_as_the_learner(
    seat: Seat, machine: Instance, helper: User
) -> None:
    machine.metadata = {**machine.metadata, "exoUser": "exouser"}
    place = hooks_seats.places(helper, [machine.pk])[machine.pk]
    assert (place.role, place.login) == ("helper", "")


@pytest.mark.parametrize("other", ["classmate", "helper of another", "stranger"])
def test_nobody_else_gets_a_session(
    seat: Seat, machine: Instance, other_learner: Learner, other: str, lea: User
) -> None:
    user = other_learner.user if other == "classmate" else make_user("eve")
    assert user is not None
    if other == "helper of another":
        make_helper(make_workshop(seat.workshop.allocation, None), user)
    with Refused as refused:
        open_on(machine, user)
    assert refused.value.id == "portal:not-found"
    mine = session_on(machine, lea)
    with Refused as refused:
        open_on(machine, user, resume=mine)
    assert refused.value.id == "portal:not-found"


def test_no_door_of_the_machine_itself_opens(seat: Seat, machine: Instance, lea: User, helper: User) -> None:
    for user in (lea, helper):
        for need in Need:
            with Refused as refused:
                access.instance_for(user, machine.pk, need)
            assert refused.value.id == "portal:not-found"
        for closed in (access.connectable, access.governed):
            with Refused as refused:
                closed(user, machine.pk)
            assert refused.value.id == "portal:not-found"
        assert access.attendable(user, machine.pk).place is not None


# Web applications: the name of one leads to the machine's own loopback, and to nothing beyond it.


@pytest.mark.parametrize(
    "typed", ["http://10.1.0.9:8888/", "10.1.0.9:8888", "other-seat:8888", "http://169.254.169.254:8888/"]
)
def test_whatever_host_is_typed_it_is_the_own_machine_that_is_asked(
    seat: Seat, machine: Instance, lea: User, typed: str
) -> None:
    leaving = asking.open_port(by=lea, instance=machine, wanted=wanted_of(typed), origin=ORIGIN)
    assert leaving.session.instance_id == machine.pk
    assert (leaving.port, leaving.session.port) == (8888, 8888)
    assert "10.1" not in leaving.origin and "other" not in leaving.origin


async def test_a_channel_for_a_port_goes_to_loopback_only() -> None:
    asked: list[tuple[int, str]] = []

    class Link:
        async def tcp(self, port: int, host: str) -> Any:
            asked.append((port, host))
            raise PortalError("remote:port-closed")

    with Refused:
        await door.Door(Name(8888, uuid4(), False, False), Link()).stream()  # type: ignore[arg-type]
    assert {host for _, host in asked} == {"127.0.0.1", "::1"}


# Sharing and recording.


def test_a_learner_invites_those_who_help_and_finds_nobody_else(
    seat: Seat, machine: Instance, lea: User, helper: User, other_learner: Learner, colleague: User
) -> None:
    session = open_on(machine, lea)
    assert sharing.find_people(by=lea, session=session, query="han") == [helper]
    for nobody in ("otto", "colin", colleague.access_id, "lea"):
        assert sharing.find_people(by=lea, session=session, query=nobody) == []
    assert sharing.invite(by=lea, session=session, invited=helper, mode="view").invited == helper
    for somebody in (colleague, other_learner.user):
        with Refused as refused:
            sharing.invite(by=lea, session=session, invited=somebody, mode="view")
        assert refused.value.id == "remote:who"


def test_members_go_on_finding_each_other(seat: Seat, machine: Instance, pi: User, colleague: User) -> None:
    session = open_on(machine, pi)
    assert sharing.find_people(by=pi, session=session, query="coli") == [colleague]


def test_everybody_with_a_right_are_those_who_help(
    seat: Seat, machine: Instance, lea: User, helper: User, other_learner: Learner
) -> None:
    share = sharing.invite(by=lea, session=open_on(machine, lea), invited=None, mode="view")
    assert can_join(helper, share)
    assert other_learner.user is not None
    assert not can_join(other_learner.user, share)
    assert not can_join(make_user("eve"), share)
    helper.helps_at.all().delete()
    assert not can_join(helper, share)


def can_join(user: User, share: Share) -> bool:
    client = Client()
    client.force_login(user)
    answer = client.post(f"/remote/join/{share.pk}/open/")
    assert answer.status_code in (200, 404)
    return answer.status_code == 200


def test_a_helper_who_looked_on_is_gone_with_their_part(
    seat: Seat, machine: Instance, lea: User, helper: User
) -> None:
    share = sharing.open_seat(by=helper, session=open_on(machine, lea))
    visit = visits.begin(share_id=share.pk, user=helper, source=None)
    assert visits.standing(visit.pk) == "view"
    helper.helps_at.all().delete()
    assert visits.standing(visit.pk) is None


def test_no_seat_is_recorded(seat: Seat, machine: Instance, lea: User, client: Client) -> None:
    session = open_on(machine, lea)
    with Refused as refused:
        recordings.start(by=lea, session=session)
    assert refused.value.id == "remote:seat-not-recorded"
    client.force_login(lea)
    assert client.post(f"/remote/{session.pk}/record/", {"on": "1"}).status_code == 409
    assert not session.recordings.exists()
    shared = client.get(f"/remote/{session.pk}/share/").content.decode()
    assert "Record" not in shared
    assert "/instances/" not in shared.replace(f"/instances/{machine.pk}/shell/", "")


# What is told of a machine that cannot be reached.


@pytest.mark.parametrize(
    "problem", ["remote:jump-down", "remote:no-address", "remote:needs-secret", "remote:host-key"]
)
def test_a_learner_is_told_neither_of_other_machines_nor_of_keys(seat: Seat, lea: User, problem: str) -> None:
    found = access.attendable(lea, seat.instance_id or "")
    params: dict[str, Any] = {
        "name": "class-jump",
        "why": "It was stopped.",
        "jump": "x",
        "login": "learner",
        "offered": "",
        "instance": "",
    }
    outcome: Any = "auth" if problem == "remote:needs-secret" else "retry"
    told = shown.as_json(PortalError(problem, outcome=outcome, **params), found)
    assert told["id"] == "remote:seat-unreachable"
    assert told["repairs"] == [] and told["retry_after"]
    assert "class-jump" not in json.dumps(told)


def test_a_member_is_told_what_it_is(seat: Seat, machine: Instance, pi: User) -> None:
    found = access.attendable(pi, machine.pk)
    told = shown.as_json(PortalError("remote:no-address", name=found.name), found)
    assert told["id"] == "remote:no-address"


# The API, with a token of one's own.


@pytest.fixture
def call() -> Callable[[User, str], Any]:
    def ask(user: User, path: str) -> Any:
        plain = tokens.issue(user, f"t{uuid4().hex[:6]}", "write", 1)[1]
        return Client(headers={"Authorization": f"Bearer {plain}"}).get(f"/api/v1/{path}")

    return ask


def test_over_the_api_a_learner_has_no_machine(seat: Seat, machine: Instance, lea: User, call: Any) -> None:
    slug = seat.workshop.allocation.slug
    for path in (f"instances/{machine.pk}", f"instances?allocation={slug}", f"allocations/{slug}"):
        assert call(lea, path).status_code == 404
    for path in (f"instances/{machine.pk}/connections", f"connections?allocation={slug}"):
        assert call(lea, path).status_code == 404


def test_over_the_api_a_learner_sees_their_own_connections_only(
    seat: Seat, machine: Instance, lea: User, helper: User, call: Any
) -> None:
    mine, theirs = open_on(machine, lea), session_on(machine, helper)
    listed = call(lea, "connections").json()
    assert [one["id"] for one in listed["items"]] == [str(mine.pk)]
    plain = tokens.issue(lea, "t", "write", 1)[1]
    gone = Client(headers={"Authorization": f"Bearer {plain}"}).delete(f"/api/v1/connections/{theirs.pk}")
    assert gone.status_code == 404
    assert Visit.objects.count() == 0


def test_a_workshop_that_is_over_closes_what_the_api_opened(seat: Seat, machine: Instance, lea: User) -> None:
    session = open_on(machine, lea)
    Workshop.objects.filter(pk=seat.workshop_id).update(closes_at=timezone.now() - timedelta(seconds=1))
    with Refused as refused:
        open_on(machine, lea, resume=session)
    assert refused.value.id == "portal:not-found"


def test_a_test_drive_is_as_the_learner_even_for_whom_the_machine_is(
    workshop: Workshop, member: User, client: Client
) -> None:
    """The owner tries a seat: by the learner's page they are the learner's login, not the machine's own account."""
    part = make_learner(workshop, member, via=Learner.Via.TEST)
    found = sit(seat_of(workshop), part)
    assert found.instance is not None
    Instance.objects.filter(pk=found.instance.pk).update(
        public_address="192.0.2.81", host_keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOd5"]
    )
    Seat.objects.filter(pk=found.pk).update(held_until=timezone.now() + timedelta(hours=1))
    client.force_login(member)
    given = client.post(f"/w/{workshop.pk}/open/", {"kind": "shell"}).json()
    assert RemoteSession.objects.get(pk=given["session"]).login == workshop.login


def test_where_an_application_is_not_there_a_learner_learns_of_no_other_machine(
    seat: Seat, machine: Instance, lea: User
) -> None:
    session = open_on(machine, lea, kind="port", port=8888)
    known, _ = door._row(session.pk)
    assert known is not None and known.seat
    broken = PortalError("remote:jump-down", outcome="retry", name="class-jump", why="It was stopped.")
    status, _, body = pages.problem(
        broken, site_of("http://ports.localhost:8000"), name=None, known=known, wants_page=True
    )
    assert status == 503
    assert (
        b"class-jump" not in body
        and machine.name.encode() not in body
        and str(machine.pk).encode() not in body
    )
