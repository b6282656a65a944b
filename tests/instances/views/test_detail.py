"""The page of one machine: facts, state, what may be done, console log, and the parts that are fetched again."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from instances.models import ConsoleLog, Instance, Poll
from instances.services import consoles
from portal.accounts.models import User
from portal.operations.models import Operation
from tests.instances.rows import machine
from tests.instances.views.conftest import HTMX, Answer, names_in, signed_in, text_of

PARTS = ("row", "status", "facts", "timeline", "actions", "console-log")


def page(user: User, lab: Instance, name: str = "detail", query: str = "") -> Answer:
    return signed_in(user).get(reverse(f"instances:{name}", args=[lab.pk]) + query)


def state(lab: Instance, **changes: Any) -> None:
    Instance.objects.filter(pk=lab.pk).update(**changes)


@pytest.mark.parametrize("name", ["detail", *PARTS])
@pytest.mark.parametrize("role", ["member", "colleague", "pi", "reader", "operator"])
def test_those_of_the_allocation_see_it(
    lab: Instance, role: str, name: str, request: pytest.FixtureRequest
) -> None:
    assert page(request.getfixturevalue(role), lab, name).status_code == 200


@pytest.mark.parametrize("name", ["detail", *PARTS])
@pytest.mark.parametrize("role", ["stranger", "former_member", "newcomer"])
def test_others_are_not_told_that_it_exists(
    lab: Instance, role: str, name: str, request: pytest.FixtureRequest
) -> None:
    assert page(request.getfixturevalue(role), lab, name).status_code == 404


def test_the_facts_are_there_and_can_be_copied(lab: Instance, member: User) -> None:
    state(
        lab,
        public_address="149.165.1.7",
        addresses=[
            {"network": "auto", "address": "10.0.0.5", "version": 4, "kind": "fixed"},
            {"network": "auto", "address": "149.165.1.7", "version": 4, "kind": "floating"},
        ],
        key_name="laptop",
        image_name="Featured-Ubuntu24",
        security_groups=["exosphere"],
        volumes=[{"id": "v", "name": "genomes", "size_gb": 500, "device": "/dev/sdb", "boot": False}],
        metadata={"exoServerVersion": "6"},
    )
    answer = page(member, lab)
    shown, content = text_of(answer), answer.content.decode()
    for words in ("laptop", "Featured-Ubuntu24", "exosphere", "genomes 500 GB, /dev/sdb", "2 SU per hour"):
        assert words in shown
    assert "exoServerVersion" in shown
    for copied in ("149.165.1.7", "10.0.0.5", "ssh exouser@149.165.1.7", lab.server_id):
        assert f'data-copy="{copied}"' in content


def test_hostile_values_of_the_cloud_stay_text(lab: Instance, member: User) -> None:
    bad = "<script>alert(1)</script>"
    state(
        lab,
        name=bad,
        status="ERROR",
        fault_message=bad,
        metadata={bad: bad},
        tags=[bad],
        security_groups=[bad],
        hostname=bad,
        volumes=[{"id": bad, "name": bad, "size_gb": bad, "device": bad, "boot": False}],
        addresses=[{"network": bad, "address": '" onload="x', "version": 4, "kind": "fixed"}],
    )
    ConsoleLog.objects.create(instance=lab, text=f"\x1b[31m{bad}\x07", read_at=timezone.now())
    for query in ("", "?tab=console"):
        content = page(member, lab, query=query).content.decode()
        assert "<script>alert" not in content
        assert '" onload="' not in content


def test_a_fault_is_explained_and_the_clouds_words_are_kept(lab: Instance, member: User) -> None:
    state(lab, status="ERROR", fault_message="No valid host was found.")
    shown = text_of(page(member, lab))
    assert "The cloud reports a fault" in shown
    assert "No valid host was found." in shown


def test_a_waiting_resize_reminds_of_its_deadline(lab: Instance, member: User) -> None:
    since = timezone.now() - timedelta(hours=2)
    state(lab, status="VERIFY_RESIZE", state_since=since)
    shown = text_of(page(member, lab))
    ends = since + timedelta(hours=24)
    assert "confirm or go back" in shown
    assert f"{ends:%H:%M}" in shown
    assert "Confirm resize" in shown


def test_a_set_up_that_failed_is_said(lab: Instance, member: User) -> None:
    state(lab, setup_status="error")
    assert "Its own set-up failed" in text_of(page(member, lab))


def test_a_deleted_machine_keeps_its_page_without_actions(lab: Instance, member: User) -> None:
    state(lab, deleted_at=timezone.now(), status="DELETED")
    shown = text_of(page(member, lab))
    assert "This machine was deleted" in shown
    assert "More actions" not in shown


def test_an_outage_is_said_on_the_page(lab: Instance, member: User) -> None:
    ago = timezone.now() - timedelta(hours=1)
    Poll.objects.filter(what="servers").update(failing_since=ago, ok_at=ago)
    assert f"Not read since {ago:%H:%M}." in text_of(page(member, lab))


def test_what_is_paused_says_for_whom_it_waits(lab: Instance, member: User, pi: User) -> None:
    now = timezone.now()
    Operation.objects.create(
        kind="instance.stop",
        label="Stop",
        by=member,
        target_type="instance",
        target_id=str(lab.pk),
        state="paused",
        error_id="accounts:credential-refused",
        run_after=now,
        deadline_at=now,
        created_at=now,
    )
    assert "Stop waits for Bob." in text_of(page(pi, lab))


def test_what_can_be_done_now_is_a_button_and_the_rest_has_reasons(lab: Instance, member: User) -> None:
    state(lab, status="SHUTOFF")
    answer = page(member, lab, "actions", "?page")
    shown, content = text_of(answer), answer.content.decode()
    assert content.index(">Start") < content.index("More actions")
    assert "Stop It is stopped; this works only when it is active." in shown


def test_a_reason_that_stands_in_every_way_is_said_once(lab: Instance, member: User) -> None:
    state(lab, task_state="powering-off")
    shown = text_of(page(member, lab, "actions", "?page"))
    assert shown.count("It is busy: stopping.") == 1


def test_the_menu_of_a_row_offers_only_what_can_be_done(lab: Instance, member: User, reader: User) -> None:
    shown = text_of(page(member, lab, "actions"))
    assert "Stop" in shown
    assert "Resume" not in shown
    assert "Only its owner and managers may act on it." in text_of(page(reader, lab, "actions"))


def test_those_who_may_only_look_have_no_actions(lab: Instance, colleague: User) -> None:
    shown = text_of(page(colleague, lab))
    assert "You may look at this machine" in shown
    assert "More actions" not in shown


def test_pushed_and_fetched_markup_are_the_same(lab: Instance, member: User, pi: User) -> None:
    for name in ("row", "status"):
        theirs = page(pi, lab, name).content
        assert page(member, lab, name).content == theirs
        assert f'id="{name}-{lab.pk}"'.encode() in theirs
        assert f'data-version="{lab.version}"'.encode() in theirs


def test_the_console_log_is_shown_with_its_age(lab: Instance, member: User) -> None:
    ConsoleLog.objects.create(
        instance=lab, text="login: ", read_at=timezone.now() - timedelta(minutes=3, seconds=5)
    )
    shown = text_of(page(member, lab, query="?tab=console"))
    assert "login:" in shown
    assert "Read 3 min ago" in shown


def test_a_log_never_read_says_so(lab: Instance, member: User) -> None:
    assert "Not read yet" in text_of(page(member, lab, query="?tab=console"))


def test_reading_the_log_again_is_asked_of_a_worker(
    lab: Instance, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(consoles, "enqueue", lambda *given: asked.append(given))
    client = signed_in(reader)
    address = reverse("instances:console-log", args=[lab.pk])
    answer = client.post(address, headers=HTMX)
    plain = client.post(address)
    assert "toast" in answer["HX-Trigger"]
    assert plain["Location"].endswith("?tab=console")
    assert [given[1:] for given in asked] == [(str(lab.pk),)] * 2
    client.get(address)
    assert len(asked) == 2


def test_an_unknown_tab_is_the_overview(lab: Instance, member: User) -> None:
    assert "What happened" in text_of(page(member, lab, query="?tab=../etc"))


def console_operation(lab: Instance, by: User) -> Operation:
    now = timezone.now()
    return Operation.objects.create(
        kind="instance.console",
        label="Console",
        by=by,
        target_type="instance",
        target_id=str(lab.pk),
        state="queued",
        run_after=now,
        deadline_at=now,
        created_at=now,
    )


def test_the_console_page_waits_and_then_goes_to_the_screen_once(lab: Instance, member: User) -> None:
    op = console_operation(lab, member)
    address = reverse("instances:console", args=[lab.pk, op.pk])
    client = signed_in(member)
    assert b'http-equiv="refresh"' in client.get(f"{address}?again").content
    consoles.deliver(operation=op, url="https://cloud.example/vnc?token=s3cret", type="novnc")
    first_look = client.get(address)
    assert first_look.status_code == 200  # a form led here: it may not leave the site
    assert client.get(f"{address}?again")["Location"] == "https://cloud.example/vnc?token=s3cret"
    Operation.objects.update(state="done")
    assert client.get(f"{address}?again").status_code >= 400


def test_the_console_link_is_for_the_one_who_asked(lab: Instance, member: User, pi: User) -> None:
    op = console_operation(lab, member)
    consoles.deliver(operation=op, url="https://cloud.example/vnc", type="novnc")
    address = reverse("instances:console", args=[lab.pk, op.pk])
    assert signed_in(pi).get(f"{address}?again").status_code == 404
    assert signed_in(member).get(f"{address}?again").status_code == 302


def test_a_serial_line_is_shown_with_its_command_since_no_browser_can_open_it(
    lab: Instance, member: User
) -> None:
    op = console_operation(lab, member)
    consoles.deliver(operation=op, url="wss://cloud.example/?token=s3'cret", type="serial")
    answer = signed_in(member).get(reverse("instances:console", args=[lab.pk, op.pk]) + "?again")
    assert answer.status_code == 200 and answer["Referrer-Policy"] == "no-referrer"
    text = html.unescape(answer.content.decode())
    assert """websocat --binary 'wss://cloud.example/?token=s3'"'"'cret'""" in text
    # It was shown this once.
    Operation.objects.update(state="done")
    assert signed_in(member).get(f"{answer.request['PATH_INFO']}?again").status_code == 410


def test_a_serial_line_with_line_breaks_in_it_is_not_shown(lab: Instance, member: User) -> None:
    op = console_operation(lab, member)
    consoles.deliver(operation=op, url="wss://cloud.example/\nrm -rf ~", type="serial")
    answer = signed_in(member).get(reverse("instances:console", args=[lab.pk, op.pk]) + "?again")
    assert answer.status_code == 502 and b"websocat" not in answer.content


def test_the_page_of_the_screen_offers_it_and_says_which_kind_came_last(lab: Instance, member: User) -> None:
    address = reverse("instances:screen", args=[lab.pk])
    first = signed_in(member).get(address).content.decode()
    assert "Open the screen" in first and "noVNC, else for SPICE, else for a serial line" in first
    op = console_operation(lab, member)
    Operation.objects.filter(pk=op.pk).update(
        kind="instance.console",
        cloud=lab.allocation.cloud,
        state="done",
        outcome="Console ready (spice-html5)",
    )
    assert "This cloud last gave SPICE." in signed_in(member).get(address).content.decode()


def test_the_page_of_the_screen_of_a_stopped_machine_says_why_not(lab: Instance, member: User) -> None:
    Instance.objects.filter(pk=lab.pk).update(status="SHUTOFF")
    text = signed_in(member).get(reverse("instances:screen", args=[lab.pk])).content.decode()
    assert "Open the screen" not in text and "active" in text


def test_the_machines_page_leads_to_its_desktop_where_it_has_one(lab: Instance, member: User) -> None:
    address, desktop = reverse("instances:detail", args=[lab.pk]), reverse("remote:desktop", args=[lab.pk])
    assert desktop not in signed_in(member).get(address).content.decode()
    Instance.objects.filter(pk=lab.pk).update(
        metadata={"helioDesktop": "true"}, status="ACTIVE", public_address="192.0.2.7"
    )
    assert desktop in signed_in(member).get(address).content.decode()


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_a_console_link_of_another_kind_is_not_followed(lab: Instance, member: User, link: str) -> None:
    op = console_operation(lab, member)
    consoles.deliver(operation=op, url=link, type="novnc")
    answer = signed_in(member).get(reverse("instances:console", args=[lab.pk, op.pk]) + "?again")
    assert answer.status_code == 400


def test_running_shows_ones_own_first_and_nothing_shelved(
    lab: Instance, member: User, colleague: User, stranger: User
) -> None:
    machine(lab.allocation, colleague, name="theirs")
    machine(lab.allocation, member, name="shelved", status="SHELVED_OFFLOADED")
    machine(lab.allocation, member, name="gone", deleted_at=timezone.now())
    address = reverse("instances:running")
    assert names_in(signed_in(member).get(address, headers=HTMX)) == ["lab", "theirs"]
    assert names_in(signed_in(colleague).get(address)) == ["theirs", "lab"]
    assert names_in(signed_in(stranger).get(address)) == []
