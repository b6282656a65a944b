"""Keys on a machine, and trust put into it: over the connection of a live session, so in the process that holds it."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from allocations.roles import Need
from instances.access import instance_for, may
from instances.models import CatalogueItem, Instance
from instances.remote import authority, keys_file, keys_form, opening, placed_keys, teaching, teammates, trust
from instances.remote.attending import Attended, attend
from instances.remote.authorized_keys import digest, keys
from instances.remote.keys_file import Addition, Removal
from instances.remote.keys_form import Wanted
from instances.remote.models import PlacedKey
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.htmx import toast


@dataclass(frozen=True, slots=True)
class Held:
    """A request's way to the machine, and who asks."""

    attended: Attended
    by: User

    @property
    def instance(self) -> Instance:
        return self.attended.session.instance

    @property
    def login(self) -> str:
        return self.attended.way.login


async def _held(request: HttpRequest, id: UUID) -> Held:
    user = await request.auser()
    if not isinstance(user, User):
        raise PortalError("portal:sign-in")
    origin = await sync_to_async(opening.origin_of)(request)
    try:
        held = Held(await attend(id, user=user, mark=origin.mark), user)
    except PortalError as error:
        if error.id != "remote:needs-secret":
            raise
        # This page asks for none: a shell does, and lends its connection while it is open.
        raise PortalError("remote:shell-first", outcome="auth", **error.params) from None
    if held.instance.place is not None:
        # At somebody else's machine for a while: which keys it takes is for those who have a right to it.
        raise PortalError("portal:forbidden", need="decide who may log in to this machine")
    return held


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
async def machine_keys(request: HttpRequest, id: UUID) -> HttpResponse:
    """The keys of the login on the machine. POST shows what adding or removing one would do, and with `sure` does it."""
    held = await _held(request, id)
    text = await keys_file.read(held.attended.link)
    if request.method != "POST":
        return await _listed(request, held, text)
    wanted = await sync_to_async(_wanted)(request, held, text)
    if request.POST.get("sure") != "1":
        return await sync_to_async(render)(
            request, "remote/_key_preview.html", {"id": id, "w": wanted, "seen": digest(text), "h": held}
        )
    after = await _changed(request, held, wanted)
    done = f"{wanted.title} is {'there' if wanted.add else 'gone'}."
    return toast(await _listed(request, held, after), "success", done)


def _wanted(request: HttpRequest, held: Held, text: bytes) -> Wanted:
    if request.POST.get("do") == "remove":
        return keys_form.removal(
            text, request.POST.get("key", ""), certificates=trust.of(held.instance) is not None
        )
    person = _person(request.POST.get("person", ""), held)
    return keys_form.addition(text, _given(request, held), person)


def _given(request: HttpRequest, held: Held) -> str:
    """What was pasted, else the one of the person's own keys at the cloud that was chosen."""
    pasted, chosen = request.POST.get("public_key", "").strip(), request.POST.get("keypair", "")
    if pasted or not chosen:
        return pasted
    found = _own_keypairs(held).filter(name=chosen).first()
    return str(found.data.get("public_key", "")).strip() if found is not None else ""


def _own_keypairs(held: Held) -> Any:
    return CatalogueItem.objects.filter(
        allocation=held.instance.allocation_id, kind=CatalogueItem.Kind.KEYPAIR, user=held.by
    )


def _person(text: str, held: Held) -> User:
    """Whose key it is to be: one's own, or that of somebody who may log in, by whoever lets them in."""
    if text in ("", str(held.by.pk)):
        return held.by
    found = next((person for person in _people(held) if str(person.pk) == text), None)
    if found is None:
        raise PortalError("remote:teammate-unknown", person="That person")
    return found


def _people(held: Held) -> list[User]:
    instance = instance_for(held.by, held.instance.pk, Need.SEE)
    if not may(held.by, instance, Need.ACT):
        return []
    others = [one.user for one in teammates.of(instance)] + ([instance.owner] if instance.owner else [])
    return [person for person in others if person.pk != held.by.pk]


async def _changed(request: HttpRequest, held: Held, wanted: Wanted) -> bytes:
    if wanted.last_way and request.POST.get("last") != "1":
        raise PortalError("remote:last-way", name=held.instance.name, login=held.login)
    change = Addition(wanted.line) if wanted.add else Removal([wanted.key])
    after = await keys_file.change(held.attended.link, change, seen=request.POST.get("seen", ""))
    await sync_to_async(_written_down)(held, wanted)
    return after


def _written_down(held: Held, wanted: Wanted) -> None:
    if wanted.add:
        placed_keys.placed(
            by=held.by,
            instance=held.instance,
            person=cast(User, wanted.person),
            login=held.login,
            key=wanted.key,
            fingerprint=wanted.fingerprint,
        )
    else:
        placed_keys.taken(
            by=held.by,
            instance=held.instance,
            login=held.login,
            key=wanted.key,
            fingerprint=wanted.fingerprint,
        )


async def _listed(request: HttpRequest, held: Held, text: bytes) -> HttpResponse:
    return await sync_to_async(_list)(request, held, text)


def _list(request: HttpRequest, held: Held, text: bytes) -> HttpResponse:
    rows = PlacedKey.objects.filter(instance=held.instance, login=held.login, removed_at=None)
    placed = {row.key: row for row in rows.select_related("person")}
    context = {
        "id": held.attended.session.pk,
        "h": held,
        "i": held.instance,
        "keys": [(key, placed.get(key.key)) for key in keys(text)],
        "keypairs": list(_own_keypairs(held).values_list("name", flat=True)),
        "people": _people(held),
    }
    return render(request, "remote/_keys.html", context)


@never_cache
@require_POST
async def put_trust(request: HttpRequest, id: UUID) -> HttpResponse:
    """Let our certificates into the machine over a session that its person opened, or take that back."""
    held = await _held(request, id)
    instance, by = await sync_to_async(instance_for)(held.by, held.instance.pk, Need.ACT), held.by
    if request.POST.get("do") == "remove":
        await teaching.run_script(held.attended.link, "remove", held.login, [])
        await sync_to_async(trust.removed)(by=by, instance=instance)
    else:
        wanted = await sync_to_async(authority.trusted)()
        await teaching.run_script(held.attended.link, "install", held.login, wanted)
        await sync_to_async(trust.installed)(by=by, instance=instance, login=held.login, authorities=wanted)
    found = await sync_to_async(trust.of)(instance)
    context = {"id": id, "i": instance, "trust": found, "login": held.login}
    return await sync_to_async(render)(request, "remote/_trust_done.html", context)
