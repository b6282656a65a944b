"""Everything that is one's own: made once, for its person only, without secrets, gone after a day."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from allocations.overview import building, exports, hooks, zipped
from allocations.overview.models import Export
from instances.models import CatalogueItem
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Notice
from tests.allocations.overview.conftest import Made, SignedIn, spend
from tests.allocations.overview.exported import made_for

pytestmark = pytest.mark.django_db


def opened(content: bytes) -> dict[str, Any]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def content(user: User, export: Export) -> dict[str, Any]:
    return opened(exports.content(by=user, export_id=export.pk))


def test_it_holds_what_is_ones_own_and_nothing_of_others(
    allocation: Allocation, member: User, colleague: User, machine: Made
) -> None:
    machine(allocation, member, "mine"), machine(allocation, colleague, "not-mine")
    spend(allocation, 1, 7, owner_key=str(member.pk), instance_name="mine")
    spend(allocation, 1, 9, owner_key=str(colleague.pk), instance_name="not-mine")
    found = content(member, made_for(member))
    assert [row["name"] for row in json.loads(found["machines.json"])] == ["mine"]
    assert [(row["machine"], row["su"]) for row in json.loads(found["usage.json"])] == [("mine", "7.000000")]
    assert json.loads(found["memberships.json"])[0]["allocation"] == "BIO220047"
    assert "not-mine" not in "".join(found.values()) and "Colin" not in "".join(found.values())
    assert "machines: machines that are or were yours" in found["README.txt"]


def test_each_part_is_there_as_json_and_as_csv_with_the_same_rows(
    allocation: Allocation, member: User, machine: Made
) -> None:
    machine(allocation, member, "one"), machine(allocation, member, "two")
    found = content(member, made_for(member))
    names = {name.rsplit(".", 1)[0] for name in found if name != "README.txt"}
    expected = {"profile", "memberships", "usage", "audit", "tokens", "credentials", "notices", "machines"}
    expected |= {"operations", "keys", "connections", "recordings", "certificates", "placed_keys", "policies"}
    assert expected <= names
    rows = list(csv.DictReader(io.StringIO(found["machines.csv"])))
    assert [row["name"] for row in rows] == ["one", "two"]


def test_keys_are_there_with_their_public_parts_and_secrets_are_not(
    allocation: Allocation, member: User
) -> None:
    CatalogueItem.objects.create(
        allocation=allocation,
        kind="keypair",
        cloud_id="k",
        name="k",
        user=member,
        data={"name": "k", "public_key": "ssh-ed25519 AAAA bob", "fingerprint": "f", "type": "ssh"},
        seen_at=timezone.now(),
    )
    found = content(member, made_for(member))
    assert json.loads(found["keys.json"])[0]["public_key"] == "ssh-ed25519 AAAA bob"
    assert "the-secret-of-the-credential" not in "".join(found.values())
    assert "sealed" not in "".join(found.values())


def test_a_name_that_a_spreadsheet_would_run_is_text(
    allocation: Allocation, member: User, machine: Made
) -> None:
    machine(allocation, member, "=cmd|'/c calc'!A1")
    found = content(member, made_for(member))
    (row,) = csv.DictReader(io.StringIO(found["machines.csv"]))
    assert row["name"].startswith("'=")
    assert json.loads(found["machines.json"])[0]["name"].startswith("=")


def test_nobody_else_can_fetch_or_erase_it(
    allocation: Allocation, member: User, pi: User, operator: User, signed_in: SignedIn
) -> None:
    export = made_for(member)
    for other in (pi, operator):
        with pytest.raises(PortalError, match="overview:no-export"):
            exports.content(by=other, export_id=export.pk)
        with pytest.raises(PortalError, match="overview:no-export"):
            exports.remove(by=other, export_id=export.pk)
        assert signed_in(other).get(f"/profile/export/{export.pk}/").status_code == 404
        assert signed_in(other).post(f"/profile/export/{export.pk}/erase/").status_code == 404
        assert signed_in(other).get(f"/api/v1/exports/{export.pk}/content").status_code == 404
    answer = signed_in(member).get(f"/profile/export/{export.pk}/")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"] and "attachment" in answer["Content-Disposition"]


def test_what_is_stored_is_sealed(allocation: Allocation, member: User, machine: Made) -> None:
    machine(allocation, member, "blast-node")
    export = Export.objects.get(pk=made_for(member).pk)
    assert not bytes(export.sealed).startswith(b"PK") and b"blast-node" not in bytes(export.sealed)


def test_asking_fetching_and_erasing_are_in_the_audit(allocation: Allocation, member: User) -> None:
    export = made_for(member)
    exports.content(by=member, export_id=export.pk)
    exports.remove(by=member, export_id=export.pk)
    exports.remove(by=member, export_id=export.pk)
    events = AuditEvent.objects.filter(target_type="export", target_id=str(export.pk)).order_by("pk")
    assert [(one.action, one.actor_id) for one in events] == [
        ("export.ask", str(member.pk)),
        ("export.made", ""),
        ("export.fetch", str(member.pk)),
        ("export.remove", str(member.pk)),
    ]
    with pytest.raises(PortalError, match="overview:no-export"):
        exports.content(by=member, export_id=export.pk)
    gone = Export.objects.get(pk=export.pk)
    assert (bytes(gone.sealed), gone.sealed_key) == (b"", "")


def test_its_person_is_told_when_it_is_ready(allocation: Allocation, member: User) -> None:
    made_for(member)
    assert Notice.objects.get(user=member, kind=building.READY).url == "/profile/export/"


def test_asked_twice_it_is_made_once(allocation: Allocation, member: User) -> None:
    first = exports.ask(by=member)
    assert exports.ask(by=member).pk == first.pk
    assert building.build(first.pk) and not building.build(first.pk)
    assert exports.ask(by=member).pk != first.pk


def test_after_a_day_it_is_gone(allocation: Allocation, member: User, signed_in: SignedIn) -> None:
    export = made_for(member)
    late = timezone.now() + timedelta(days=1, minutes=1)
    with pytest.raises(PortalError, match="overview:no-export"):
        exports.content(by=member, export_id=export.pk, now=late)
    assert building.tidy() == 0
    Export.objects.filter(pk=export.pk).update(keep_until=timezone.now() - timedelta(seconds=1))
    assert signed_in(member).get(f"/profile/export/{export.pk}/").status_code == 404
    assert building.tidy() == 1 and building.tidy() == 0
    assert bytes(Export.objects.get(pk=export.pk).sealed) == b""


def test_a_worker_that_died_over_it_is_followed_by_another(allocation: Allocation, member: User) -> None:
    export = exports.ask(by=member)
    assert building.due() == []  # its message is on the way
    now = timezone.now()
    Export.objects.filter(pk=export.pk).update(lease_until=now + timedelta(minutes=1), attempts=1)
    assert building.due() == [] and not building.build(export.pk)
    Export.objects.filter(pk=export.pk).update(lease_until=now - timedelta(seconds=1))
    assert building.due() == [str(export.pk)] and building.build(export.pk)


def test_a_message_that_was_lost_is_found(allocation: Allocation, member: User) -> None:
    export = exports.ask(by=member)
    Export.objects.filter(pk=export.pk).update(asked_at=timezone.now() - timedelta(minutes=1))
    assert building.due() == [str(export.pk)]


def test_what_kills_every_worker_is_given_up(
    allocation: Allocation, member: User, signed_in: SignedIn
) -> None:
    export = exports.ask(by=member)
    Export.objects.filter(pk=export.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1), attempts=building.MOST_ATTEMPTS
    )
    assert building.due() == [] and not building.build(export.pk)
    assert Export.objects.get(pk=export.pk).state == Export.State.FAILED
    assert "The export was not made" in signed_in(member).get("/profile/export/").content.decode()
    assert exports.ask(by=member).pk != export.pk


def test_one_that_grows_too_large_fails_with_words(
    allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipped, "MOST_ROWS", 0)
    export = exports.ask(by=member)
    assert not building.build(export.pk)
    assert Export.objects.get(pk=export.pk).error_id == "overview:export-too-large"


def test_erased_while_it_is_made_it_stays_erased(
    allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = exports.ask(by=member)
    first = next(iter(hooks.parts()))

    def erased(user: User) -> hooks.Rows:
        exports.remove(by=member, export_id=export.pk)
        return ()

    monkeypatch.setattr(hooks, "parts", lambda: iter([hooks.Part(first.name, first.what, erased)]))
    assert not building.build(export.pk)
    assert Export.objects.get(pk=export.pk).state == Export.State.GONE


def test_the_page_asks_shows_and_erases(allocation: Allocation, member: User, signed_in: SignedIn) -> None:
    client: Client = signed_in(member)
    assert client.post("/profile/export/").status_code == 302
    waiting = client.get("/profile/export/").content.decode()
    assert "being made" in waiting and "every 3s" in waiting
    export = exports.of(member).get()
    building.build(export.pk)
    ready = client.get("/profile/export/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in ready and f"/profile/export/{export.pk}/" in ready and "every 3s" not in ready
    assert client.post(f"/profile/export/{export.pk}/erase/").status_code == 302
    assert "erased" in client.get("/profile/export/").content.decode()


def test_asking_without_end_is_refused(allocation: Allocation, member: User, signed_in: SignedIn) -> None:
    client = signed_in(member)
    answers = [client.post("/profile/export/").status_code for _ in range(7)]
    assert answers[:5] == [302] * 5 and answers[-1] == 429


def test_programs_can_do_the_same(allocation: Allocation, member: User, signed_in: SignedIn) -> None:
    client = signed_in(member)
    asked = client.post("/api/v1/exports", content_type="application/json")
    assert asked.status_code == 202 and asked.json()["state"] == "asked"
    building.build(asked.json()["id"])
    (one,) = client.get("/api/v1/exports").json()
    assert one["state"] == "ready" and one["counts"]["profile"] == 1
    fetched = client.get(f"/api/v1/exports/{one['id']}/content")
    assert "profile.json" in opened(fetched.content)
    assert client.delete(f"/api/v1/exports/{one['id']}").status_code == 204
    assert client.get(f"/api/v1/exports/{one['id']}/content").status_code == 404
    assert client.delete(f"/api/v1/exports/{uuid4()}").status_code == 404
