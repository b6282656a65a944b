"""What this layer adds to a person's export: their connections, recordings of these, and certificates for their keys."""

from allocations.overview.hooks import Rows, export_part
from instances.remote.models import Certificate, PlacedKey, Recording, RemoteSession
from portal.accounts.models import User


@export_part("connections", "shells, desktops, file browsers and ports that you opened")
def connections(user: User) -> Rows:
    found = RemoteSession.objects.filter(person=user).select_related("instance").order_by("asked_at")
    for one in found.iterator(chunk_size=2000):
        yield {
            "kind": one.kind,
            "machine": one.instance.name,
            "machine_id": one.instance_id,
            "login": one.login,
            "port": one.port,
            "from_address": one.source,
            "browser": one.user_agent,
            "asked": one.asked_at,
            "began": one.started_at,
            "ended": one.ended_at,
            "why_it_ended": one.end_reason,
            "bytes_from_the_machine": one.bytes_out,
            "bytes_to_the_machine": one.bytes_in,
        }


@export_part(
    "recordings", "recordings of your shells that are kept: fetch each on the machine's page of connections"
)
def recordings(user: User) -> Rows:
    found = Recording.objects.filter(session__person=user, removed_at=None).select_related(
        "session__instance"
    )
    for one in found.order_by("started_at").iterator(chunk_size=1000):
        yield {
            "id": one.pk,
            "machine": one.session.instance.name,
            "began": one.started_at,
            "ended": one.ended_at,
            "kept_until": one.keep_until,
        }


@export_part("certificates", "SSH certificates that were signed for your own keys")
def certificates(user: User) -> Rows:
    for one in Certificate.objects.filter(person=user).select_related("instance").order_by("issued_at"):
        yield {
            "machine": one.instance.name,
            "serial": one.serial,
            "key_fingerprint": one.key_fingerprint,
            "login": one.login,
            "issued": one.issued_at,
            "ends": one.expires_at,
        }


@export_part("placed_keys", "public keys that the portal put on machines for you")
def placed_keys(user: User) -> Rows:
    for one in PlacedKey.objects.filter(person=user).select_related("instance").order_by("at"):
        yield {
            "machine": one.instance.name,
            "login": one.login,
            "public_key": one.key,
            "at": one.at,
            "removed": one.removed_at,
        }
