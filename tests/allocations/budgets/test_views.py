from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from allocations.budgets import watch
from allocations.budgets.models import Budget, Group, Limits
from allocations.models import Allocation
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.allocations.budgets.rows import budget, group, limits, spent
from tests.instances.rows import machine, offer

TERMS = {
    "su": "500",
    "period": "month",
    "resource": "cpu",
    "hard": "1",
    "at_80": "tell",
    "at_90": "block",
    "at_100": "shelve",
    "grace_minutes": "30",
    "tell_managers": "on",
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, allocation: Allocation, *args: Any) -> str:
    return reverse(f"budgets:{name}", args=[allocation.slug, *args])


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_pi_sees_every_budget_with_what_is_spent_of_it(
    allocation: Allocation, pi: User, member: User, colleague: User
) -> None:
    budget(allocation, member, su=500)
    budget(allocation, group(allocation, "Night owls", member, colleague), su=1000, hard=False)
    budget(allocation, su=100)
    spent(allocation, member, 250)
    spent(allocation, colleague, 90)
    found = text_of(signed_in(pi).get(url("page", allocation)))
    for part in ("Bob", "50 %", "Group Night owls", "34 %", "Set a budget…", "Each member without a budget"):
        assert part in found, part


def test_a_member_sees_their_own_and_not_what_others_have(
    allocation: Allocation, member: User, colleague: User
) -> None:
    budget(allocation, member, su=500)
    budget(allocation, colleague, su=98765)
    limits(allocation, max_gpus=0)
    spent(allocation, member, 250)
    found = text_of(signed_in(member).get(url("page", allocation)))
    assert "Your budget" in found and "250 of 500 SU left this month" in found
    assert "no GPUs" in found
    assert "Colin" not in found and "98,765" not in found and "Set a budget" not in found


def test_everybodys_own_is_a_fragment_for_other_pages(allocation: Allocation, member: User) -> None:
    client = signed_in(member)
    assert "No budget is set for you" in text_of(client.get(url("mine", allocation)))
    assert text_of(client.get(url("mine", allocation) + "?brief=1")) == ""
    budget(allocation, member, su=500)
    spent(allocation, member, 450)
    found = text_of(client.get(url("mine", allocation) + "?brief=1"))
    assert "50 of 500 SU left this month" in found and "meter-warn" in found


def test_the_allocations_page_has_a_panel_of_it_where_there_is_something(
    allocation: Allocation, member: User
) -> None:
    client = signed_in(member)
    assert text_of(client.get(url("mine", allocation) + "?panel=1")) == ""
    limits(allocation, max_machines=3)
    found = text_of(client.get(url("mine", allocation) + "?panel=1"))
    assert "Your budget</h2>" in found and "Limits for you: 3 machines each" in found


def test_a_machines_page_says_when_it_is_shelved_and_whose_budget_it_strains(
    allocation: Allocation, member: User, colleague: User
) -> None:
    lab, other = machine(allocation, member), machine(allocation, member, name="other")
    budget(allocation, member, su=100, at_80="shelve", grace_minutes=60)
    path = url("mine", allocation) + f"?machine={lab.pk}"
    assert "14 h" not in text_of(signed_in(colleague).get(path))
    spent(allocation, member, 90)
    watch.look()
    type(other).objects.filter(pk=other.pk).delete()
    for viewer, sees_meter in ((member, True), (colleague, False)):
        found = text_of(signed_in(viewer).get(path))
        assert "lab will be shelved at" in found and "because of the budget of Bob" in found
        assert ("10 of 100 SU left this month" in found) is sees_meter
        assert "other" not in found


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"hard": True}, "nothing new is started from it"),
        ({"hard": False}, "more may be spent all the same"),
        ({"hard": False, "at_100": "block"}, "nothing new is started from it"),
    ],
)
def test_a_spent_budget_says_what_that_means(
    allocation: Allocation, member: User, terms: dict[str, Any], says: str
) -> None:
    budget(allocation, member, su=100, **terms)
    spent(allocation, member, 100)
    assert f"0 of 100 SU left this month; {says}." in text_of(signed_in(member).get(url("mine", allocation)))


def test_the_launch_form_says_what_the_launch_does_to_ones_budget(
    allocation: Allocation, member: User
) -> None:
    offer(allocation)
    budget(allocation, member, su=500, period="grant")
    spent(allocation, member, 470)
    form = {"image": "ubuntu-new", "flavor_id": "2", "name": "lab", "count": "1"}
    path = reverse("instances:launch-preview", args=[allocation.slug])
    found = text_of(signed_in(member).post(path, form, headers={"HX-Request": "true"}))
    assert "Your budget" in found
    assert "30 of 500 SU left in this grant; with this launch it is used up in 15 h" in found
    spent(allocation, member, 29)
    found = text_of(signed_in(member).post(path, form, headers={"HX-Request": "true"}))
    assert "The budget would not last an hour" in found


def test_a_budget_is_set_changed_and_deleted_in_dialogs(
    allocation: Allocation, pi: User, member: User
) -> None:
    client = signed_in(pi)
    page = text_of(client.get(url("new", allocation) + f"?for=user:{member.pk}"))
    assert f'<option value="user:{member.pk}" selected>' in page and "<html" in page
    answer = client.post(url("new", allocation), {**TERMS, "place": f"user:{member.pk}"})
    assert answer.status_code == 302
    made = Budget.objects.get()
    assert (made.user, made.su, made.hard) == (member, Decimal(500), True)
    assert (made.at_90, made.grace_minutes) == ("block", 30)
    answer = client.post(url("edit", allocation, made.pk), {**TERMS, "su": "750", "hard": "0"})
    made.refresh_from_db()
    assert (answer.status_code, made.su, made.hard) == (302, Decimal(750), False)
    assert "Delete the budget of Bob?" in text_of(client.get(url("delete", allocation, made.pk)))
    assert Budget.objects.exists()
    assert client.post(url("delete", allocation, made.pk)).status_code == 302
    assert not Budget.objects.exists()
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["budget.create", "budget.change", "budget.delete"]
    history = text_of(client.get(url("page", allocation)))
    assert "Alice</strong> changed the budget of <strong>Bob" in history
    assert "SU: 500 → <strong>750</strong>; hard: yes → <strong>no</strong>" in history


def test_htmx_gets_the_dialog_alone_and_then_a_toast(allocation: Allocation, pi: User, member: User) -> None:
    client, htmx = signed_in(pi), {"HX-Request": "true"}
    assert "<html" not in text_of(client.get(url("new", allocation), headers=htmx))
    answer = client.post(url("new", allocation), {**TERMS, "place": f"user:{member.pk}"}, headers=htmx)
    assert "budgets:changed" in answer["HX-Trigger"] and "close-dialog" in answer["HX-Trigger"]


def test_what_was_entered_wrongly_is_told_in_the_dialog(
    allocation: Allocation, pi: User, member: User
) -> None:
    client = signed_in(pi)
    answer = client.post(url("new", allocation), {**TERMS, "place": "user:999999", "su": "-1"})
    assert answer.status_code == 422 and not Budget.objects.exists()
    assert "not one of the available choices" in text_of(answer)
    days = {**TERMS, "place": "default", "valid_from": "2026-12-31", "valid_to": "2026-12-01"}
    answer = client.post(url("new", allocation), days)
    assert answer.status_code == 422 and "Its last day lies before its first." in text_of(answer)
    budget(allocation, member, su=1, resource="cpu")
    answer = client.post(url("new", allocation), {**TERMS, "place": f"user:{member.pk}"})
    assert answer.status_code == 409 and "There is such a budget already" in text_of(answer)


def test_several_get_the_same_budget_at_once(
    allocation: Allocation, pi: User, member: User, colleague: User
) -> None:
    budget(allocation, member, su=1, resource="cpu")
    chosen = {**TERMS, "people": [member.pk, colleague.pk]}
    assert signed_in(pi).post(url("many", allocation), chosen).status_code == 302
    assert sorted((one.user.username, one.su) for one in Budget.objects.all() if one.user) == [
        ("bob", Decimal(500)),
        ("colin", Decimal(500)),
    ]
    answer = signed_in(pi).post(url("many", allocation), TERMS)
    assert answer.status_code == 422 and "Choose at least one member." in text_of(answer)


def test_groups_are_made_changed_and_deleted(
    allocation: Allocation, pi: User, member: User, colleague: User
) -> None:
    client = signed_in(pi)
    assert (
        client.post(url("group-new", allocation), {"name": "Owls", "people": [member.pk]}).status_code == 302
    )
    made = Group.objects.get()
    assert client.post(url("group-new", allocation), {"name": "Owls"}).status_code == 409
    answer = client.post(url("group", allocation, made.pk), {"name": "Larks", "people": [colleague.pk]})
    assert answer.status_code == 302
    made.refresh_from_db()
    assert (made.name, [seat.user for seat in made.seats.all()]) == ("Larks", [colleague])
    found = text_of(client.get(url("page", allocation)))
    assert "Larks" in found and "Colin" in found
    budget(allocation, made, su=5)
    assert client.post(url("group-delete", allocation, made.pk)).status_code == 302
    assert not Group.objects.exists() and not Budget.objects.exists()


def test_limits_are_set_and_taken_away_by_emptying_them(allocation: Allocation, pi: User) -> None:
    client = signed_in(pi)
    given = {"place": "default", "max_vcpus": "8", "max_gpus": "0", "flavor_groups": ["cpu"]}
    assert client.post(url("limits", allocation), given).status_code == 302
    assert (Limits.objects.get().max_vcpus, Limits.objects.get().flavor_groups) == (8, ["cpu"])
    assert 'value="8"' in text_of(client.get(url("limits", allocation)))
    assert "8 vCPUs in one machine; only General purpose; no GPUs" in text_of(
        client.get(url("page", allocation))
    )
    assert client.post(url("limits", allocation), {"place": "default"}).status_code == 302
    assert not Limits.objects.exists()


@pytest.mark.parametrize("role", ["member", "assistant", "reader", "operator"])
def test_only_who_manages_changes_anything(
    role: str, allocation: Allocation, request: Any, member: User
) -> None:
    client = signed_in(request.getfixturevalue(role))
    made, owls = budget(allocation, member, su=5), group(allocation, "Owls")
    for path in (
        url("new", allocation),
        url("many", allocation),
        url("edit", allocation, made.pk),
        url("delete", allocation, made.pk),
        url("group-new", allocation),
        url("group", allocation, owls.pk),
        url("group-delete", allocation, owls.pk),
        url("limits", allocation),
    ):
        assert client.get(path).status_code == 403, path
        assert client.post(path, {**TERMS, "place": "default", "name": "x"}).status_code == 403, path
    assert Budget.objects.get().su == 5 and Group.objects.count() == 1 and not Limits.objects.exists()


def test_what_is_of_another_allocation_is_not_found(
    allocation: Allocation, other_allocation: Allocation, pi: User, stranger: User
) -> None:
    theirs, owls = budget(other_allocation, stranger, su=5), group(other_allocation, "Owls")
    client = signed_in(pi)
    assert client.post(url("edit", allocation, theirs.pk), TERMS).status_code == 404
    assert client.post(url("delete", allocation, theirs.pk)).status_code == 404
    assert client.post(url("group-delete", allocation, owls.pk)).status_code == 404
    place = {**TERMS, "place": f"group:{owls.pk}"}
    assert client.post(url("new", allocation), place).status_code == 422
    assert Budget.objects.count() == Group.objects.count() == 1


def test_a_name_with_markup_is_shown_as_text(allocation: Allocation, pi: User, member: User) -> None:
    group(allocation, "<script>alert(1)</script>", member)
    lab = machine(allocation, member, name="<img src=x onerror=alert(1)>")
    budget(allocation, str(lab.pk), su=5, machine_name=lab.name)
    found = signed_in(pi).get(url("page", allocation)).content.decode()
    assert "<script>alert" not in found and "<img src=x" not in found


@pytest.mark.parametrize("number", [1, 20, 500])
def test_the_page_takes_as_many_queries_for_500_budgets_as_for_one(
    allocation: Allocation, pi: User, number: int, django_assert_max_num_queries: Any
) -> None:
    from portal.core import bulk

    bulk.insert(
        [
            Budget(
                allocation=allocation,
                subject="machine",
                machine_id=f"m{n}",
                subject_key=f"machine:m{n}",
                su=5,
            )
            for n in range(number)
        ]
    )
    client = signed_in(pi)
    client.get(url("page", allocation))
    with django_assert_max_num_queries(45):
        assert client.get(url("page", allocation)).status_code == 200
