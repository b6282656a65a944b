"""One's own ssh over the API: the same rules as the pages."""

import asyncssh
import pytest

from allocations.models import Allocation
from instances.models import Instance, Teammate
from instances.remote import authority, trust
from instances.remote.models import Certificate
from portal.accounts.models import User
from tests.instances.rows import machine
from tests.portal.api.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode().split()
    made = machine(allocation, member, public_address="149.165.1.9", host_keys=[" ".join(key[:2])])
    trust.launched(made, "exouser", authority.trusted())
    return made


def public_key() -> str:
    return str(asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode())


def test_the_way_to_a_machine_is_told(api: Api, lab: Instance, reader: User, stranger: User) -> None:
    found = api(reader, "GET", f"instances/{lab.pk}/ssh").json()
    assert (found["login"], found["takes_certificates"], found["why"]) == ("exouser", True, "")
    assert "StrictHostKeyChecking=yes" in found["command"]
    assert found["host_keys"] == lab.host_keys
    assert api(stranger, "GET", f"instances/{lab.pk}/ssh").status_code == 404


def test_why_there_is_none_is_told(api: Api, lab: Instance, member: User) -> None:
    Instance.objects.update(status="SHUTOFF")
    found = api(member, "GET", f"instances/{lab.pk}/ssh").json()
    assert found["command"] == "" and "stopped" in found["why"]


def test_a_certificate_is_signed_and_its_text_is_for_its_person_only(
    api: Api, lab: Instance, member: User, pi: User
) -> None:
    path = f"instances/{lab.pk}/ssh/certificates"
    answer = api(member, "POST", path, json={"public_key": public_key()})
    assert answer.status_code == 201
    assert answer.json()["text"] == Certificate.objects.get().text
    (seen,) = api(pi, "GET", f"instances/{lab.pk}/ssh").json()["certificates"]
    assert (seen["person"], seen["text"]) == (str(member), None)


@pytest.mark.parametrize("who", ["colleague", "reader"])
def test_who_may_not_log_in_gets_none(
    api: Api, lab: Instance, who: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(who)
    path = f"instances/{lab.pk}/ssh/certificates"
    assert api(person, "POST", path, json={"public_key": public_key()}).status_code == 403
    assert not Certificate.objects.exists()


def test_a_token_for_reading_signs_nothing(api: Api, lab: Instance, member: User) -> None:
    path = f"instances/{lab.pk}/ssh/certificates"
    assert api(member, "POST", path, scope="read", json={"public_key": public_key()}).status_code == 403


def test_what_is_no_key_is_refused_as_a_problem(api: Api, lab: Instance, member: User) -> None:
    answer = api(member, "POST", f"instances/{lab.pk}/ssh/certificates", json={"public_key": "hello"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:heliosphere:portal:bad-input"


def test_teammates_are_let_in_and_shut_out(api: Api, lab: Instance, member: User, colleague: User) -> None:
    path = f"instances/{lab.pk}/ssh/teammates/{colleague.pk}"
    assert api(colleague, "PUT", path).status_code == 403
    assert api(member, "PUT", path).json()["person"] == str(colleague)
    assert api(member, "PUT", path).status_code == 200
    assert Teammate.objects.count() == 1
    assert api(colleague, "DELETE", path).status_code == 403
    assert api(member, "DELETE", path).status_code == 204
    assert api(member, "DELETE", path).status_code == 404


def test_somebody_of_another_allocation_is_not_let_in(
    api: Api, lab: Instance, member: User, stranger: User
) -> None:
    answer = api(member, "PUT", f"instances/{lab.pk}/ssh/teammates/{stranger.pk}")
    assert answer.json()["type"] == "urn:heliosphere:remote:teammate-unknown"
