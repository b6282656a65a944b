"""The launch page: what is chosen at first, what a click would cost, and what happens when it is sent."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation, Grant
from instances.models import CatalogueItem, Instance, Poll
from portal.accounts.models import CloudCredential, User
from portal.core.models import AuditEvent
from portal.operations.models import IdempotencyKey, Operation
from tests.instances.rows import offer, offer_key
from tests.instances.views.conftest import HTMX, Answer, signed_in, text_of

GOOD = {
    "image_id": "ubuntu-new",
    "flavor_id": "2",
    "name": "lab",
    "count": "1",
    "disk": "image",
    "address": "automatic",
    "key": "none",
    "token": "t1",
}
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0m8Wq0mV2n0n5E2B8kzGv0Yl3pKq5uQm8cQ2w0aXbZ me@laptop"


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


def url(allocation: Allocation, name: str = "launch") -> str:
    return reverse(f"instances:{name}", args=[allocation.slug])


def form(user: User, allocation: Allocation, query: str = "") -> Answer:
    return signed_in(user).get(url(allocation) + query)


def send(user: User, allocation: Allocation, **changes: Any) -> Answer:
    return signed_in(user).post(url(allocation), {**GOOD, **changes})


def preview(user: User, allocation: Allocation, **changes: Any) -> Answer:
    return signed_in(user).post(url(allocation, "launch-preview"), {**GOOD, **changes}, headers=HTMX)


def checked(response: Answer, field: str) -> list[str]:
    pattern = rf'<input type="radio" name="{field}" value="([^"]*)"[^>]*\bchecked'
    return re.findall(pattern, response.content.decode())


@pytest.mark.parametrize("role", ["pi", "manager", "assistant", "member"])
def test_those_who_may_launch_see_the_form(
    allocation: Allocation, role: str, request: pytest.FixtureRequest
) -> None:
    assert form(request.getfixturevalue(role), allocation).status_code == 200


@pytest.mark.parametrize(
    ("role", "status"), [("reader", 403), ("operator", 403), ("stranger", 404), ("former_member", 404)]
)
def test_others_cannot_launch_nor_look(
    allocation: Allocation, role: str, status: int, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(role)
    assert form(user, allocation).status_code == status
    assert send(user, allocation).status_code == status
    assert preview(user, allocation).status_code == status
    assert signed_in(user).post(url(allocation, "launch-key")).status_code == status
    assert signed_in(user).get(url(allocation, "launch-name")).status_code == status
    assert not Operation.objects.exists()


def test_the_untouched_form_is_ready_to_send(allocation: Allocation, member: User) -> None:
    offer_key(allocation, member)
    answer = form(member, allocation)
    assert checked(answer, "image_id") == ["ubuntu-new"]
    assert checked(answer, "flavor_id") == ["1"]
    assert checked(answer, "key") == ["key:laptop"]
    assert checked(answer, "address") == ["automatic"]
    assert re.search(r'id="id_name"[^>]*value="[a-z]+-[a-z]+-[a-z]+"', answer.content.decode())
    assert "error" not in text_of(answer).lower()


def test_an_address_can_choose_image_and_size(allocation: Allocation, member: User) -> None:
    answer = form(member, allocation, "?image=ubuntu-old&size=m3.quad")
    assert checked(answer, "image_id") == ["ubuntu-old"]
    assert checked(answer, "flavor_id") == ["4"]
    strange = form(member, allocation, "?image=nothing&size=nothing")
    assert checked(strange, "image_id") == ["ubuntu-new"]


def test_sizes_are_grouped_with_cost_room_and_reasons(allocation: Allocation, member: User) -> None:
    answer = form(member, allocation)
    shown, content = text_of(answer), answer.content.decode()
    assert shown.index("General purpose") < shown.index("Large memory") < shown.index("Other sizes")
    assert "75,000 SU left" in shown
    assert re.search(r'value="30"[^>]*disabled', content)
    assert "22 more" in shown
    assert "m3.old" not in shown


def test_the_page_says_the_cost_before_the_click(allocation: Allocation, member: User) -> None:
    shown = text_of(preview(member, allocation, flavor_id="4", count="3"))
    assert "3 × m3.quad" in shown
    assert "per hour 12 SU" in shown
    assert "per day 288 SU" in shown
    assert "75,000 SU left" in shown
    assert "they last until" in shown
    assert "vCPUs 20 + 12 of 150" in shown
    assert "RAM 75 + 45 of 585 GB" in shown


def test_names_of_several_are_shown_before_the_click(allocation: Allocation, member: User) -> None:
    assert "lab 1 of 2 lab 2 of 2" in text_of(preview(member, allocation, count="2"))


def test_a_quota_that_is_too_small_is_told_with_numbers(allocation: Allocation, member: User) -> None:
    shown = text_of(preview(member, allocation, count="30"))
    assert "Not enough quota: instances" in shown
    assert "22 are free" in shown


def test_spent_service_units_are_told_before_the_click(allocation: Allocation, member: User) -> None:
    Grant.objects.filter(resource="cpu").update(used=100_000)
    assert "100,000" in text_of(preview(member, allocation))
    answer = send(member, allocation)
    assert answer.status_code >= 400
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"flavor_id": "", "image_id": ""},
        {"count": "many"},
        {"count": "-1", "boot_volume_gb": "x"},
        {"image_id": "../../etc", "flavor_id": "<script>"},
        {"key": "key:" + "k" * 900},
        {"address": "elsewhere", "network_id": "é"},
    ],
)
def test_an_unfinished_form_has_a_preview_too(
    allocation: Allocation, member: User, changes: dict[str, str]
) -> None:
    answer = preview(member, allocation, **changes)
    assert answer.status_code == 200
    assert b"<script>" not in answer.content


def test_the_preview_stores_nothing(allocation: Allocation, member: User) -> None:
    preview(member, allocation)
    assert not Instance.objects.exists()
    assert not Operation.objects.exists()
    assert not AuditEvent.objects.filter(action="instance.launch").exists()


def test_without_script_the_preview_is_the_whole_form(allocation: Allocation, member: User) -> None:
    answer = signed_in(member).post(url(allocation, "launch-preview"), {**GOOD, "flavor_id": "4"})
    assert b"<html" in answer.content
    assert checked(answer, "flavor_id") == ["4"]
    assert "4 SU" in text_of(answer)


def test_one_launch_leads_to_its_page(allocation: Allocation, member: User) -> None:
    answer = send(member, allocation)
    made = Instance.objects.get()
    assert answer["Location"] == reverse("instances:detail", args=[made.pk])
    assert (made.name, made.status, made.owner) == ("lab", "REQUESTED", member)


def test_several_lead_to_the_list(allocation: Allocation, member: User) -> None:
    answer = send(member, allocation, count="3")
    assert answer["Location"] == reverse("instances:list", args=[allocation.slug])
    assert Instance.objects.count() == 3


def test_sending_twice_launches_once(allocation: Allocation, member: User) -> None:
    first, again = send(member, allocation), send(member, allocation)
    assert first["Location"] == again["Location"]
    assert Instance.objects.count() == 1
    assert send(member, allocation, token="t2").status_code == 302
    assert Instance.objects.count() == 2


def test_each_form_has_a_token_of_its_own(allocation: Allocation, member: User) -> None:
    pattern = r'name="token" value="([0-9a-f]{32})"'
    tokens = {re.findall(pattern, form(member, allocation).content.decode())[0] for _ in range(3)}
    assert len(tokens) == 3


def test_a_token_used_for_another_launch_is_refused(allocation: Allocation, member: User) -> None:
    send(member, allocation)
    answer = send(member, allocation, name="other")
    assert answer.status_code == 409
    assert Instance.objects.count() == 1
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Give the machine a name."),
        ({"name": "<b>x</b>"}, "Use only the letters"),
        ({"name": "machine 🚀"}, "Use only the letters"),
        ({"name": "x" * 300}, "at most 254 characters"),
        ({"image_id": ""}, "Choose an operating system."),
        ({"flavor_id": ""}, "Choose a size."),
        ({"count": "0"}, "greater than or equal to 1"),
        ({"count": "101"}, "less than or equal to 100"),
        ({"disk": "volume"}, "Give the size of the root volume in GB."),
        ({"address": "existing"}, "Choose which public address to use."),
        ({"key": "new", "public_key": PUBLIC}, "Give the key a name"),
        ({"key": "new", "key_name": "k", "public_key": "ssh-ed25519 !!"}, "The key is damaged"),
        ({"key": "new", "key_name": "k", "public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "private key"),
    ],
)
def test_bad_input_is_explained_and_kept(
    allocation: Allocation, member: User, changes: dict[str, str], words: str
) -> None:
    answer = send(member, allocation, **{"boot_script": "echo kept", **changes})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "echo kept" in text_of(answer)
    assert "<b>x</b>" not in answer.content.decode()
    assert not Instance.objects.exists()


@pytest.mark.parametrize("changes", [{"image_id": "saving"}, {"flavor_id": "50"}, {"image_id": "hungry"}])
def test_what_was_withdrawn_meanwhile_is_explained(
    allocation: Allocation, member: User, changes: dict[str, str]
) -> None:
    answer = send(member, allocation, **changes)
    assert 400 <= answer.status_code < 500
    assert "problem-title" in answer.content.decode()
    assert not Instance.objects.exists()


def test_every_choice_reaches_the_operation(allocation: Allocation, member: User) -> None:
    send(
        member,
        allocation,
        disk="volume",
        boot_volume_gb="60",
        network_id="net-1",
        address="existing",
        floating_ip_id="ip-free",
        key="new",
        key_name="fresh",
        public_key=PUBLIC,
        desktop="on",
        boot_script="#!/bin/sh\necho hello",
    )
    spec = Operation.objects.get().spec
    assert spec["boot_volume_gb"] == 60
    assert (spec["network_id"], spec["address"], spec["floating_ip_id"]) == ("net-1", "existing", "ip-free")
    assert (spec["key_name"], spec["public_key"], spec["desktop"]) == ("fresh", PUBLIC, True)
    assert "hello" not in str(spec)


def test_a_volume_size_counts_only_with_the_volume(allocation: Allocation, member: User) -> None:
    send(member, allocation, disk="image", boot_volume_gb="60")
    assert Operation.objects.get().spec["boot_volume_gb"] is None


def test_a_key_of_the_cloud_is_named(allocation: Allocation, member: User, colleague: User) -> None:
    offer_key(allocation, member)
    offer_key(allocation, colleague, "not-mine")
    assert "not-mine" not in text_of(form(member, allocation))
    send(member, allocation, key="key:laptop")
    assert Operation.objects.get().spec["key_name"] == "laptop"
    assert send(member, allocation, key="key:not-mine", token="t2").status_code >= 400


def test_a_key_made_here_is_shown_once_and_kept_nowhere(allocation: Allocation, member: User) -> None:
    client = signed_in(member)
    answer = client.post(url(allocation, "launch-key"), {**GOOD, "name": "kept name"}, headers=HTMX)
    content = answer.content.decode()
    assert "BEGIN OPENSSH PRIVATE KEY" in content
    assert "no-store" in answer["Cache-Control"]
    assert b"<html" not in answer.content
    stored = [*CatalogueItem.objects.values_list("data"), *AuditEvent.objects.values_list("detail")]
    assert "PRIVATE KEY" not in f"{stored}{dict(client.session.items())}"
    public = re.search(r'name="public_key"[^>]*>([^<]+)<', content)
    name = re.search(r'name="key_name" value="([^"]+)"', content)
    assert public is not None and name is not None
    assert send(member, allocation, key="new", key_name=name[1], public_key=public[1]).status_code == 302


def test_without_script_a_made_key_comes_with_the_form_as_it_was(
    allocation: Allocation, member: User
) -> None:
    answer = signed_in(member).post(url(allocation, "launch-key"), {**GOOD, "name": "kept name"})
    content = answer.content.decode()
    assert 'value="kept name"' in content
    assert "BEGIN OPENSSH PRIVATE KEY" in content
    assert checked(answer, "key") == ["new"]


def test_another_name_is_another(allocation: Allocation, member: User) -> None:
    client = signed_in(member)
    names = {client.get(url(allocation, "launch-name"), headers=HTMX).content for _ in range(4)}
    assert len(names) > 1


def test_no_connection_is_said_before_the_click(allocation: Allocation, member: User) -> None:
    CloudCredential.objects.filter(user=member).update(revoked_at=timezone.now())
    assert "connect" in text_of(form(member, allocation)).lower()
    assert send(member, allocation).status_code >= 400
    assert not Operation.objects.exists()


def test_a_cloud_that_cannot_be_read_is_said(allocation: Allocation, member: User) -> None:
    ago = timezone.now() - timedelta(hours=1)
    Poll.objects.filter(what="catalogue").update(failing_since=ago, ok_at=ago)
    assert f"has not been read since {ago:%H:%M}" in text_of(form(member, allocation))


def test_a_catalogue_never_read_is_said(allocation: Allocation, member: User) -> None:
    Poll.objects.all().delete()
    CatalogueItem.objects.all().delete()
    shown = text_of(form(member, allocation))
    assert "not read yet" in shown


def test_the_page_is_never_cached(allocation: Allocation, member: User) -> None:
    for answer in (form(member, allocation), preview(member, allocation), send(member, allocation)):
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("length", [250, 255, 256, 290, 400])
def test_a_key_name_longer_than_clouds_allow_is_an_error_of_the_form(
    allocation: Allocation, member: User, length: int
) -> None:
    answer = send(member, allocation, key="key:" + "k" * length)
    assert answer.status_code in (409, 422)
    assert not Operation.objects.exists()
