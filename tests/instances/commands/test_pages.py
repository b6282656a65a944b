"""Show me the command, on the pages: as the form stands, for those who see the machine, without asking any cloud."""

import html
import re
from typing import Any

import pytest
from django.urls import reverse

from allocations.models import Allocation
from instances.actions import ACTIONS, BULK_ACTIONS
from instances.models import CatalogueItem, Instance, Poll
from portal.accounts.models import User
from tests.instances.rows import machine, offer
from tests.instances.views.conftest import HTMX, Answer, lab, read, signed_in
from tests.instances.views.test_launch import GOOD, PUBLIC

__all__ = ["lab", "read"]  # fixtures
pytestmark = pytest.mark.django_db
HOSTILE = 'x"; rm -rf ~ # </pre><script>alert(1)</script>'


def codes(answer: Answer) -> list[str]:
    """The texts of the ways that a page shows."""
    found = re.findall(r'<pre class="log" tabindex="0">(.*?)</pre>', answer.content.decode(), re.DOTALL)
    return [html.unescape(text) for text in found]


def dialog(user: User, instance: Instance, action: str) -> Answer:
    return signed_in(user).get(reverse("instances:action", args=[instance.pk, action]), headers=HTMX)


def asked(user: User, instance: Instance, action: str, **form: str) -> Answer:
    return signed_in(user).post(reverse("instances:command", args=[instance.pk, action]), form, headers=HTMX)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_dialog_has_it(member: User, lab: Instance, action: str) -> None:
    answer = dialog(member, lab, action)
    page = answer.content.decode()
    assert "Show me the command" in page
    assert reverse("instances:command", args=[lab.pk, action]) in page
    if action not in {"resize", "rebuild", "unassign_address"}:
        assert lab.server_id in codes(answer)[0] and lab.server_id in codes(answer)[1]
        assert "demo-bio220047-iu" in codes(answer)[0]


def test_it_links_to_where_the_file_that_it_needs_is_made(member: User, lab: Instance) -> None:
    page = html.unescape(dialog(member, lab, "stop").content.decode())
    assert f"/profile/tools/?place=demo%2F{lab.allocation.project_id}%2FIU" in page


def test_it_follows_what_is_typed_and_chosen(member: User, lab: Instance) -> None:
    assert "--name 'brave new'" in codes(asked(member, lab, "rename", name="brave new"))[0]
    size = CatalogueItem.objects.filter(allocation=lab.allocation, kind="flavor").first()
    assert size is not None
    assert f"--flavor {size.name}" in codes(asked(member, lab, "resize", flavor_id=size.cloud_id))[0]
    assert "floating ip delete" not in codes(asked(member, lab, "delete", keep="on"))[0]


def test_what_is_not_chosen_yet_is_said(member: User, lab: Instance) -> None:
    for form in ({}, {"flavor_id": "no-such"}, {"flavor_id": "x" * 5000}):
        answer = asked(member, lab, "resize", **form)
        assert codes(answer) == [] and "Choose or enter" in answer.content.decode()


def test_asking_for_it_does_nothing(member: User, lab: Instance) -> None:
    before = Instance.objects.filter(pk=lab.pk).values().get()
    asked(member, lab, "delete", confirm_name=lab.name)
    assert Instance.objects.filter(pk=lab.pk).values().get() == before
    assert lab.allocation.instances.count() == 1


def test_hostile_names_are_text_on_the_page_and_one_word_of_the_command(member: User, lab: Instance) -> None:
    answer = asked(member, lab, "rename", name=HOSTILE)
    assert "<script>" not in answer.content.decode()
    assert repr(HOSTILE) in codes(answer)[1]
    lab.name = HOSTILE
    lab.save()
    assert "<script>alert" not in dialog(member, lab, "stop").content.decode()


def test_a_machine_that_the_cloud_has_not_made_has_none_yet(member: User, lab: Instance) -> None:
    Instance.objects.filter(pk=lab.pk).update(server_id="")
    answer = asked(member, lab, "delete")
    assert codes(answer) == [] and "not made the machine yet" in answer.content.decode()


def test_all_that_can_be_done_now_is_on_one_page(member: User, lab: Instance) -> None:
    answer = signed_in(member).get(reverse("instances:commands", args=[lab.pk]))
    page = answer.content.decode()
    assert 'id="stop"' in page and 'id="lock"' in page and 'id="start"' not in page
    assert reverse("instances:commands", args=[lab.pk]) in (
        signed_in(member).get(reverse("instances:detail", args=[lab.pk])).content.decode()
    )


def test_without_a_script_the_same_address_is_a_page(member: User, lab: Instance) -> None:
    answer = signed_in(member).post(reverse("instances:command", args=[lab.pk, "rename"]), {"name": "b"})
    assert "<html" in answer.content.decode() and "--name b" in codes(answer)[0]
    assert "Command line" in answer.content.decode()


def test_an_action_that_does_not_exist_has_no_command(member: User, lab: Instance) -> None:
    assert asked(member, lab, "explode").status_code == 404


@pytest.mark.parametrize("action", sorted(BULK_ACTIONS))
def test_for_several_all_are_named(member: User, lab: Instance, action: str) -> None:
    other = machine(
        lab.allocation, member, name="second", status="SHUTOFF" if action == "start" else lab.status
    )
    address = reverse("instances:bulk-command", args=[lab.allocation.slug, action])
    answer = signed_in(member).post(address, {"id": [str(lab.pk), str(other.pk)]}, headers=HTMX)
    if action != "unassign_address":
        assert lab.server_id in codes(answer)[0] and other.server_id in codes(answer)[0]
    shown = signed_in(member).get(
        reverse("instances:bulk", args=[lab.allocation.slug, "delete"]),
        {"id": [str(lab.pk), str(other.pk)]},
        headers=HTMX,
    )
    assert other.server_id in codes(shown)[0]


def test_what_is_for_one_only_is_not_offered_for_several(member: User, lab: Instance) -> None:
    address = reverse("instances:bulk-command", args=[lab.allocation.slug, "rename"])
    assert signed_in(member).post(address, {"id": [str(lab.pk)]}).status_code == 404


def preview(user: User, allocation: Allocation, **changes: Any) -> Answer:
    address = reverse("instances:launch-preview", args=[allocation.slug])
    return signed_in(user).post(address, {**GOOD, **changes}, headers=HTMX)


def test_the_launch_form_has_it_and_the_preview_brings_it_as_the_form_stands(
    member: User, allocation: Allocation, read: Poll
) -> None:
    offer(allocation)
    page = signed_in(member).get(reverse("instances:launch", args=[allocation.slug]))
    assert "server create" in codes(page)[0]
    answer = preview(
        member, allocation, name="my lab", boot_script="#!/bin/sh\n", disk="volume", boot_volume_gb="50"
    )
    assert '<div id="launch-command" hx-swap-oob="innerHTML">' in answer.content.decode()
    shell, python, blocks = codes(answer)
    for part in (
        "'my lab'",
        "--user-data boot-script.sh",
        "--boot-from-volume 50",
        "--security-group exosphere",
    ):
        assert part in shell
    assert "name='my lab'" in python and 'name            = "my lab"' in blocks


def test_several_machines_are_named_as_the_portal_would_name_them(
    member: User, allocation: Allocation, read: Poll
) -> None:
    offer(allocation)
    shell = codes(preview(member, allocation, count="3"))[0]
    assert "for name in 'lab 1 of 3' 'lab 2 of 3' 'lab 3 of 3'; do" in shell


def test_the_boot_script_and_keys_are_files_beside_the_command_and_not_in_it(
    member: User, allocation: Allocation, read: Poll
) -> None:
    offer(allocation)
    answer = preview(
        member, allocation, boot_script="export TOKEN=hunter2", key="new", key_name="mine", public_key=PUBLIC
    )
    assert "hunter2" not in "".join(codes(answer))
    assert "key.pub" in codes(answer)[0] and "openstack keypair create" in codes(answer)[0]


def test_an_unfinished_form_says_what_is_missing(member: User, allocation: Allocation, read: Poll) -> None:
    offer(allocation)
    answer = preview(member, allocation, flavor_id="")
    assert codes(answer) == [] and "Choose a system, a size and a name" in answer.content.decode()


@pytest.mark.parametrize("action", ["stop", "assign_address", "resize"])
def test_the_dialog_takes_few_queries_more(
    member: User, lab: Instance, action: str, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(member)
    address = reverse("instances:command", args=[lab.pk, action])
    client.post(address, {}, headers=HTMX)
    with django_assert_max_num_queries(9):
        client.post(address, {}, headers=HTMX)


def test_for_hundreds_the_queries_are_as_many_as_for_one(
    member: User, lab: Instance, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        machine(lab.allocation, member, name=f"m{number}")
    client = signed_in(member)
    address = reverse("instances:bulk-command", args=[lab.allocation.slug, "stop"])
    with django_assert_max_num_queries(9):
        answer = client.post(address, {"all": "1"}, headers=HTMX)
    assert len(codes(answer)[0].split()) > 30


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0m8Wq0mV2n0n5E2B8kzGv0Yl3pKq5uQm8cQ2w0aXbZ"


def test_ssh_files_of_one_machine_and_of_all(member: User, lab: Instance) -> None:
    lab.public_address, lab.host_keys, lab.name = "149.165.1.2", [KEY], HOSTILE
    lab.save()
    machine(lab.allocation, member, name="private one", public_address="", private_address="10.0.0.9")
    client = signed_in(member)
    one = client.get(reverse("instances:machine-ssh", args=[lab.pk, "config"]))
    every = client.get(reverse("instances:ssh", args=[lab.allocation.slug, "config"]))
    assert one.headers["Content-Disposition"].startswith('attachment; filename="bio220047-iu-x-rm-rf')
    assert every.headers["Content-Disposition"] == 'attachment; filename="bio220047-iu.config"'
    assert "HostName 149.165.1.2" in one.content.decode() and "10.0.0.9" not in one.content.decode()
    assert "10.0.0.9 in its own network" in every.content.decode()
    known = client.get(reverse("instances:ssh", args=[lab.allocation.slug, "known-hosts"]))
    assert f"heliosphere-{lab.pk} {KEY}" in known.content.decode()
    assert client.get(reverse("instances:ssh", args=[lab.allocation.slug, "private-key"])).status_code == 404


def test_a_deleted_machine_is_in_no_file(member: User, lab: Instance) -> None:
    lab.public_address = "149.165.1.2"
    lab.deleted_at = lab.created_at
    lab.save()
    client = signed_in(member)
    for address in (
        reverse("instances:machine-ssh", args=[lab.pk, "config"]),
        reverse("instances:ssh", args=[lab.allocation.slug, "config"]),
    ):
        assert "149.165.1.2" not in client.get(address).content.decode()


def test_the_page_of_ones_own_tools_leads_to_all_of_it(member: User, lab: Instance) -> None:
    page = signed_in(member).get(reverse("instances:own-tools", args=[lab.allocation.slug])).content.decode()
    assert "/profile/tools/?place=" in page
    assert reverse("instances:ssh", args=[lab.allocation.slug, "known-hosts"]) in page
    listed = signed_in(member).get(reverse("instances:list", args=[lab.allocation.slug])).content.decode()
    assert reverse("instances:own-tools", args=[lab.allocation.slug]) in listed


def test_a_stranger_sees_none_of_it(stranger: User, lab: Instance) -> None:
    client = signed_in(stranger)
    for address in (
        reverse("instances:commands", args=[lab.pk]),
        reverse("instances:command", args=[lab.pk, "stop"]),
        reverse("instances:machine-ssh", args=[lab.pk, "config"]),
        reverse("instances:ssh", args=[lab.allocation.slug, "config"]),
        reverse("instances:own-tools", args=[lab.allocation.slug]),
        reverse("instances:bulk-command", args=[lab.allocation.slug, "stop"]),
    ):
        assert client.get(address).status_code == 404, address
        assert client.post(address).status_code in {404, 405}, address
