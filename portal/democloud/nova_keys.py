"""Keypairs: a user's own, in each region; shown in no project but in all of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import string
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.clock import iso_micro, second
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Keypair
from portal.democloud.nova_list import page_limit
from portal.democloud.nova_sshkeys import generate
from portal.democloud.nova_view import compute_root
from portal.democloud.routing import Ctx, answer, body, ctx, empty, member, route

NAMING = f"Only expected characters: [_- {string.digits}{string.ascii_letters}]"
KINDS = ("ssh-rsa", "ssh-ed25519", "ssh-dss", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")


def fingerprint(public_key: str) -> str:
    """MD5 in pairs, as Nova shows it. Raises ValueError for what is no OpenSSH public key."""
    fields = public_key.split()
    if len(fields) < 2 or not fields[0].startswith(KINDS):
        raise ValueError
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except binascii.Error as error:
        raise ValueError from error
    kind = fields[0].encode()
    if blob[4 : 4 + len(kind)] != kind:
        raise ValueError
    return ":".join(re.findall("..", hashlib.md5(blob, usedforsecurity=False).hexdigest()))


def _view(keypair: Keypair, minor: int) -> dict[str, Any]:
    found = {
        "name": keypair.name,
        "public_key": keypair.public_key,
        "fingerprint": keypair.fingerprint,
    }
    return found | ({"type": keypair.type} if minor >= 2 else {})


def owned(here: Ctx) -> dict[str, Keypair]:
    of_region = here.world.identity.keypairs.setdefault(here.region.name, {})
    return of_region.setdefault(here.user_id, {})


def _find(request: Request) -> tuple[Ctx, Keypair]:
    here = ctx(request)
    name = request.path_params["name"]
    keypair = owned(here).get(name)
    if keypair is None:
        raise Fault(404, f"Keypair {name} not found for user {here.user_id}")
    return here, keypair


async def list_all(request: Request) -> Response:
    here = ctx(request)
    found = sorted(owned(here).values(), key=lambda keypair: keypair.name)
    content: dict[str, Any] = {}
    if microversion(request) >= 35:
        marker, limit = request.query_params.get("marker"), page_limit(request)
        if marker is not None:
            if marker not in owned(here):
                raise Fault(400, f"marker [{marker}] not found")
            found = [keypair for keypair in found if keypair.name > marker]
        found = found[:limit]
        if "limit" in request.query_params and len(found) == limit and found:
            root = compute_root(here.world, here.region)
            href = f"{root}/v2.1/os-keypairs?limit={limit}&marker={found[-1].name}"
            content["keypairs_links"] = [{"rel": "next", "href": href}]
    content["keypairs"] = [{"keypair": _view(one, microversion(request))} for one in found]
    return answer(content)


async def show(request: Request) -> Response:
    _, keypair = _find(request)
    more = {
        "user_id": keypair.user_id,
        "id": 1,
        "created_at": iso_micro(keypair.created_at),
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }
    return answer({"keypair": _view(keypair, microversion(request)) | more})


async def create(request: Request) -> Response:
    """With a public key, or (before 2.92) with one made here, whose private part is shown once."""
    here = ctx(request)
    wanted = member(await body(request), "keypair")
    minor, name = microversion(request), wanted.get("name")
    allowed = r"[\w @.:-]{1,255}" if minor >= 92 else r"[\w -]{1,255}"
    if not isinstance(name, str) or not re.fullmatch(allowed, name, re.ASCII):
        raise Fault(400, f"An invalid 'name' value was provided. The name must be: {NAMING}")
    public_key, private_key = wanted.get("public_key"), None
    if public_key is None:
        if minor >= 92:
            raise Fault(400, "Invalid input for field/attribute keypair. 'public_key' is a required property")
        public_key, private_key = generate()
    try:
        shown = fingerprint(str(public_key))
    except ValueError:
        raise Fault(400, "Keypair data is invalid: failed to generate fingerprint") from None
    if name in owned(here):
        raise Fault(409, f"Key pair '{name}' already exists.")
    limit = here.region.quota(here.project_id, "key_pairs")
    if 0 <= limit <= len(owned(here)):
        raise Fault(403, "Quota exceeded, too many key pairs.")
    keypair = Keypair(here.user_id, name, str(public_key), shown, second(here.world.now()))
    owned(here)[name] = keypair
    content = _view(keypair, minor) | {"user_id": here.user_id}
    if private_key is not None:
        content["private_key"] = private_key
    return answer({"keypair": content}, 201 if minor >= 2 else 200)


async def delete(request: Request) -> Response:
    here, keypair = _find(request)
    del owned(here)[keypair.name]
    return empty(204 if microversion(request) >= 2 else 202)


def routes() -> list[Route]:
    return [
        route("GET", "/v2.1/os-keypairs", list_all),
        route("POST", "/v2.1/os-keypairs", create),
        route("GET", "/v2.1/os-keypairs/{name}", show),
        route("DELETE", "/v2.1/os-keypairs/{name}", delete),
    ]
