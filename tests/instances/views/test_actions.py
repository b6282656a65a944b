"""Actions on one machine: the dialog says what happens, and the POST does it for those who may."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from instances.actions import ACTIONS
from instances.forms_actions import FORMS
from instances.models import Instance
from instances.specs import PARAMS
from portal.accounts.models import CloudCredential, User
from portal.operations.models import Operation
from tests.instances.rows import machine
from tests.instances.views.conftest import HTMX, Answer, signed_in, text_of


def url(lab: Instance, action: str) -> str:
    return reverse("instances:action", args=[lab.pk, action])


def post(user: User, lab: Instance, action: str, *, htmx: bool = False, **data: Any) -> Answer:
    return signed_in(user).post(url(lab, action), data, headers=HTMX if htmx else {})


def state(lab: Instance, **changes: Any) -> None:
    Instance.objects.filter(pk=lab.pk).update(**changes)


def spec_of(action: str) -> dict[str, Any]:
    spec: dict[str, Any] = Operation.objects.get(kind=f"instance.{action}").spec
    return spec


def with_address(lab: Instance) -> None:
    floating = {"network": "n", "address": "149.165.1.7", "version": 4, "kind": "floating"}
    state(lab, addresses=[floating], public_address="149.165.1.7")


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_has_its_page_and_its_part(lab: Instance, member: User, action: str) -> None:
    page = signed_in(member).get(url(lab, action))
    part = signed_in(member).get(url(lab, action), headers=HTMX)
    assert page.status_code == part.status_code == 200
    assert ACTIONS[action].label in text_of(part)
    assert ACTIONS[action].consequence in text_of(page)
    assert b"<html" in page.content
    assert b"<html" not in part.content


def test_every_action_with_parameters_has_a_form_for_them() -> None:
    assert set(FORMS) == set(PARAMS)


@pytest.mark.parametrize("role", ["colleague", "reader", "operator"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_role_that_is_too_small_is_refused(
    lab: Instance, role: str, method: str, request: pytest.FixtureRequest
) -> None:
    answer = getattr(signed_in(request.getfixturevalue(role)), method)(url(lab, "stop"))
    assert answer.status_code == 403
    assert not Operation.objects.exists()


@pytest.mark.parametrize("role", ["stranger", "former_member", "newcomer"])
def test_strangers_are_not_told_that_it_exists(
    lab: Instance, role: str, request: pytest.FixtureRequest
) -> None:
    assert post(request.getfixturevalue(role), lab, "stop").status_code == 404
    assert not Operation.objects.exists()


def test_an_action_that_is_none_is_not_found(lab: Instance, member: User) -> None:
    assert post(member, lab, "explode").status_code == 404


def test_without_script_one_is_led_back_to_the_machine(lab: Instance, member: User) -> None:
    answer = post(member, lab, "stop")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("instances:detail", args=[lab.pk])
    assert Operation.objects.get().kind == "instance.stop"


def test_with_htmx_the_dialog_closes_and_the_page_hears_of_it(lab: Instance, member: User) -> None:
    answer = post(member, lab, "stop", htmx=True)
    assert answer.status_code == 200
    assert answer["HX-Reswap"] == "none"
    for name in ("close-dialog", "instance:changed", "toast"):
        assert name in answer["HX-Trigger"]
    assert answer.content == b""


def test_sending_a_dialog_twice_does_it_once(lab: Instance, member: User) -> None:
    first = post(member, lab, "stop", token="t1")
    again = post(member, lab, "stop", token="t1")
    assert (first.status_code, again.status_code) == (302, 302)
    assert Operation.objects.count() == 1


def test_what_cannot_be_done_now_is_said_in_the_dialog(lab: Instance, member: User) -> None:
    state(lab, status="SHUTOFF")
    shown = text_of(signed_in(member).get(url(lab, "stop")))
    assert "This cannot be done now. It is stopped; this works only when it is active." in shown
    answer = post(member, lab, "stop", htmx=True)
    assert answer.status_code >= 400
    assert "It is stopped" in text_of(answer)
    assert not Operation.objects.exists()


def test_an_action_done_at_once_tells_its_problem_to_the_page(lab: Instance, member: User) -> None:
    answer = post(member, lab, "start", htmx=True)
    assert answer.status_code >= 400
    assert answer["HX-Retarget"] == "#problems"


def test_without_a_credential_the_dialog_says_to_connect(lab: Instance, member: User) -> None:
    CloudCredential.objects.filter(user=member).update(revoked_at=timezone.now())
    answer = post(member, lab, "stop", htmx=True)
    assert answer.status_code >= 400
    assert "connect" in text_of(answer).lower()
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("action", "words"),
    [("stop", "Saves 1 SU per hour (2 now, 1 afterwards)."), ("shelve", "Saves 2 SU per hour")],
)
def test_the_dialog_says_what_is_saved(lab: Instance, member: User, action: str, words: str) -> None:
    assert words in text_of(signed_in(member).get(url(lab, action)))


def test_the_dialog_says_what_it_costs_to_go_on(lab: Instance, member: User) -> None:
    state(lab, status="SHELVED_OFFLOADED")
    assert "Costs 2 SU per hour (0 now)." in text_of(signed_in(member).get(url(lab, "unshelve")))


def test_a_size_without_rate_says_that_the_cost_is_unknown(lab: Instance, member: User) -> None:
    state(lab, flavor_name="p3.odd")
    assert "cannot tell the cost" in text_of(signed_in(member).get(url(lab, "stop")))


@pytest.mark.parametrize("typed", ["", "LAB", "lab2", "labb"])
def test_delete_needs_the_name_typed(lab: Instance, member: User, typed: str) -> None:
    answer = post(member, lab, "delete", confirm_name=typed)
    assert answer.status_code == 422
    assert "Type the name “lab” exactly" in text_of(answer)
    assert not Operation.objects.exists()


@pytest.mark.parametrize(("keep", "released"), [({}, True), ({"keep": "on"}, False)])
def test_delete_lets_the_address_go_unless_it_is_kept(
    lab: Instance, member: User, keep: dict[str, Any], released: bool
) -> None:
    with_address(lab)
    assert post(member, lab, "delete", confirm_name="lab", **keep).status_code == 302
    assert spec_of("delete")["release_address"] is released


def test_delete_says_what_goes_and_what_stays(lab: Instance, member: User) -> None:
    with_address(lab)
    state(lab, volumes=[{"id": "v", "name": "data", "size_gb": 500, "boot": False}], key_name="laptop")
    shown = text_of(signed_in(member).get(url(lab, "delete")))
    for words in (
        "The root disk (20 GB)",
        "149.165.1.7, unless you keep it",
        "Volume data (500 GB)",
        "laptop",
    ):
        assert words in shown
    assert "Keep the public address" in shown


def test_without_a_public_address_there_is_none_to_keep(lab: Instance, member: User) -> None:
    assert "Keep the public address" not in text_of(signed_in(member).get(url(lab, "delete")))


def test_rename_takes_a_good_name_and_refuses_a_bad_one(lab: Instance, member: User) -> None:
    bad = post(member, lab, "rename", name="<b>")
    assert bad.status_code == 422
    assert "Use only the letters" in text_of(bad)
    assert post(member, lab, "rename", name="new name").status_code == 302
    assert spec_of("rename")["name"] == "new name"


def test_snapshot_proposes_a_name(lab: Instance, member: User) -> None:
    assert 'value="lab-image"' in signed_in(member).get(url(lab, "snapshot")).content.decode()


def test_resize_offers_the_other_sizes_with_cost_and_reasons(lab: Instance, member: User) -> None:
    content = signed_in(member).get(url(lab, "resize")).content.decode()
    assert re.search(r'name="flavor_id" value="4" required>', content)
    assert 'value="2"' not in content  # its own size
    assert re.search(r'value="30"[^>]*disabled', content)
    assert 'value="50"' not in content  # withdrawn


def test_resize_needs_a_size(lab: Instance, member: User) -> None:
    answer = post(member, lab, "resize")
    assert answer.status_code == 422
    assert "Choose a size." in text_of(answer)
    assert post(member, lab, "resize", flavor_id="4").status_code == 302
    assert spec_of("resize")["flavor_id"] == "4"


@pytest.mark.parametrize("flavor", ["50", "nothing", "30"])
def test_a_size_that_cannot_be_had_is_explained(lab: Instance, member: User, flavor: str) -> None:
    answer = post(member, lab, "resize", flavor_id=flavor, htmx=True)
    assert 400 <= answer.status_code < 500
    assert "problem-todo" in answer.content.decode()
    assert not Operation.objects.exists()


def test_rebuild_offers_images_that_fit_and_needs_the_name(lab: Instance, member: User) -> None:
    content = signed_in(member).get(url(lab, "rebuild")).content.decode()
    assert 'value="ubuntu-new"' in content
    assert 'value="big"' not in content
    assert post(member, lab, "rebuild", image_id="ubuntu-new").status_code == 422
    assert post(member, lab, "rebuild", image_id="ubuntu-new", confirm_name="lab").status_code == 302
    assert spec_of("rebuild")["image_id"] == "ubuntu-new"


def test_assign_offers_a_new_address_and_those_that_are_free(lab: Instance, member: User) -> None:
    content = signed_in(member).get(url(lab, "assign_address")).content.decode()
    assert 'value="new" checked' in content
    assert "149.165.1.9" in content
    assert "149.165.1.8" not in content
    assert post(member, lab, "assign_address", address="ip-free").status_code == 302
    assert spec_of("assign_address")["address"] == "ip-free"


def test_unassign_lets_the_address_go_unless_it_is_kept(lab: Instance, member: User) -> None:
    with_address(lab)
    assert post(member, lab, "unassign_address", keep="on").status_code == 302
    assert spec_of("unassign_address")["release"] is False


def test_console_leads_to_the_page_that_waits_for_the_link(lab: Instance, member: User) -> None:
    answer = post(member, lab, "console")
    op = Operation.objects.get()
    assert answer["Location"] == reverse("instances:console", args=[lab.pk, op.pk])


def test_a_machine_of_no_owner_is_for_those_with_a_say(lab: Instance, member: User, pi: User) -> None:
    other = machine(lab.allocation, None, name="elsewhere")
    assert post(member, other, "stop").status_code == 403
    assert post(pi, other, "stop").status_code == 302


def test_hostile_names_stay_text_in_dialogs(lab: Instance, member: User) -> None:
    state(lab, name='"><img src=x>')
    content = signed_in(member).get(url(lab, "delete")).content.decode()
    assert "<img src=x" not in content
