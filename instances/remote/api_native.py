"""One's own ssh for programs: the way to a machine, certificates for keys of people, who else may log in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from allocations.roles import Need
from instances.access import connectable, instance_for
from instances.models import Teammate
from instances.remote import certificates, host_keys, native, teammates
from instances.remote.models import Certificate

router = Router(tags=["ssh"])


class TeammateOut(Schema):
    id: int
    person: str
    since: datetime


class CertificateOut(Schema):
    """`text` is the certificate, for whom it was signed; null for others. Nothing calls it back before it ends."""

    id: int
    person: str
    login: str
    serial: str
    key: str
    issued_at: datetime
    expires_at: datetime
    text: str | None


class SshOut(Schema):
    """`command`: two lines for a shell, empty where there is no way now, and `why` says why. `takes_certificates` is of
    the portal's. `host_keys`: those that count now."""

    login: str
    command: str
    why: str
    takes_certificates: bool
    host_keys: list[str]
    fingerprints: list[str]
    certificates: list[CertificateOut]
    teammates: list[TeammateOut]


class KeyIn(Schema):
    public_key: str = Field(
        max_length=12_000, description="one line, as in a .pub file; never the private one"
    )


@router.get("/instances/{instance_id}/ssh", response=SshOut)
def get_ssh(request: HttpRequest, instance_id: UUID) -> dict[str, Any]:
    instance = instance_for(request.user, instance_id, Need.SEE)
    assert request.user.is_authenticated
    found = native.of(request.user, instance)
    return {
        "login": found.login,
        "command": found.command,
        "why": found.problem.what if found.problem else "",
        "takes_certificates": found.trust is not None,
        "host_keys": [one.key for one in found.known],
        "fingerprints": [host_keys.fingerprint(one.key) for one in found.known],
        "certificates": [_certificate(one, request) for one in found.certificates],
        "teammates": [_teammate(one) for one in found.teammates],
    }


@router.post("/instances/{instance_id}/ssh/certificates", response={201: CertificateOut})
def sign_certificate(request: HttpRequest, instance_id: UUID, body: KeyIn) -> Status[dict[str, Any]]:
    instance = connectable(request.user, instance_id)
    assert request.user.is_authenticated
    made = certificates.sign(by=request.user, instance=instance, public_key=body.public_key)
    return Status(201, _certificate(made, request))


@router.put("/instances/{instance_id}/ssh/teammates/{person}", response=TeammateOut)
def let_in(request: HttpRequest, instance_id: UUID, person: int) -> dict[str, Any]:
    """`person` is the number of a member of the allocation. Doing it twice is doing it once."""
    instance = instance_for(request.user, instance_id, Need.ACT)
    assert request.user.is_authenticated
    return _teammate(teammates.let_in(by=request.user, instance=instance, person=person))


@router.delete("/instances/{instance_id}/ssh/teammates/{person}", response={204: None})
def shut_out(request: HttpRequest, instance_id: UUID, person: int) -> Status[None]:
    """Their sessions on the machine end at once."""
    instance = instance_for(request.user, instance_id, Need.ACT)
    assert request.user.is_authenticated
    teammates.shut_out(by=request.user, instance=instance, person=person)
    return Status(204, None)


def _certificate(row: Certificate, request: HttpRequest) -> dict[str, Any]:
    return {
        "id": row.pk,
        "person": str(row.person),
        "login": row.login,
        "serial": str(row.serial),
        "key": row.key_fingerprint,
        "issued_at": row.issued_at,
        "expires_at": row.expires_at,
        "text": row.text if row.person_id == request.user.pk else None,
    }


def _teammate(row: Teammate) -> dict[str, Any]:
    return {"id": row.user_id, "person": str(row.user), "since": row.at}
