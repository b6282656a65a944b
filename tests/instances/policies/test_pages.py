"""What people see and change, and who may: with script and without."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.policies.models import Policy, PolicyRun, Standing
from instances.policies.rules import IdleRules, LeaseRules
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances.policies.conftest import office_hours
from tests.instances.rows import machine as make_machine

HTMX: Any = {"HTTP_HX_REQUEST": "true"}


def page(client: Client, user: User, name: str, *args: object, **headers: Any) -> str:
    client.force_login(user)
    response = client.get(reverse(f"policies:{name}", args=args), **headers)
    assert response.status_code == 200, response.content
    return response.content.decode()


def send(client: Client, user: User, name: str, *args: object, **data: object) -> int:
    client.force_login(user)
    return client.post(reverse(f"policies:{name}", args=args), data).status_code


WEEK = {
    "time_zone": "America/Chicago",
    "action": "shelve",
    "again": "on",
    **{f"open_{day}": "on" for day in range(5)},
    **{f"start_{day}": "08:00" for day in range(7)},
    **{f"end_{day}": "19:00" for day in range(7)},
}


class TestMachine:
    def test_it_says_each_policy_in_a_sentence(
        self, client: Client, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, office_hours())
        shown = page(client, member, "machine", machine.pk)
        assert (
            "Runs Mon–Fri 8:00–19:00 (America/Chicago); shelved outside, then started again; next:" in shown
        )
        assert "None: it stays until somebody deletes it." in shown

    def test_the_part_is_what_the_machines_page_fetches(
        self, client: Client, machine: Instance, member: User
    ) -> None:
        part = page(client, member, "machine", machine.pk, **HTMX)
        assert "<html" not in part and "Set up…" in part

    def test_who_only_looks_on_has_no_buttons(
        self, client: Client, machine: Instance, colleague: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, office_hours())
        shown = page(client, colleague, "machine", machine.pk, **HTMX)
        assert "Runs Mon–Fri" in shown
        assert "<button" not in shown and "Change…" not in shown

    def test_an_assistant_may_put_off_but_not_decide(
        self, client: Client, machine: Instance, assistant: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, office_hours())
        shown = page(client, assistant, "machine", machine.pk, **HTMX)
        assert "Keep it running" in shown and "Change…" not in shown
        assert send(client, assistant, "edit", machine.pk, "schedule", **WEEK) == 403

    def test_a_warning_counts_down_and_is_put_off_by_one_click(
        self, client: Client, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, IdleRules(hours=4))
        now = timezone.now()
        Standing.objects.create(
            instance=machine,
            verdict={"state": "quiet", "reason": "", "signals": []},
            judged_at=now,
            warned_at=now,
            idle_due_at=now + timedelta(minutes=43),
        )
        shown = page(client, member, "machine", machine.pk)
        assert "I need it: leave it running" in shown and "shelved in 4" in shown
        assert send(client, member, "put-off", machine.pk, "snooze") == 302
        standing = Standing.objects.get()
        assert standing.idle_due_at is None
        assert standing.busy_until is not None and standing.busy_until > now + timedelta(hours=3)
        assert "Marked as busy for" in page(client, member, "machine", machine.pk)

    def test_what_the_rule_cannot_tell_is_said(
        self, client: Client, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, IdleRules())
        verdict = {"state": "unknown", "reason": "nothing was measured", "signals": []}
        Standing.objects.create(instance=machine, verdict=verdict, judged_at=timezone.now())
        assert "Cannot tell, and does nothing: nothing was measured." in page(
            client, member, "machine", machine.pk
        )

    def test_what_was_done_is_listed(self, client: Client, machine: Instance, member: User) -> None:
        now = timezone.now()
        PolicyRun.objects.create(
            instance=machine,
            kind="schedule",
            due_at=now,
            created_at=now,
            action="shelve",
            state="failed",
            reason="<b>The cloud</b> said no.",
        )
        shown = page(client, member, "machine", machine.pk)
        assert "Failed. &lt;b&gt;The cloud&lt;/b&gt; said no." in shown


class TestChanging:
    @pytest.mark.parametrize("who", ["member", "pi", "manager"])
    def test_its_owner_and_who_manages_may(
        self, client: Client, machine: Instance, who: str, request: pytest.FixtureRequest
    ) -> None:
        user = request.getfixturevalue(who)
        assert "<legend>It runs</legend>" in page(client, user, "edit", machine.pk, "schedule")
        assert send(client, user, "edit", machine.pk, "schedule", **WEEK) == 302
        assert Policy.objects.get().rules["zone"] == "America/Chicago"
        event = AuditEvent.objects.get(action="policy.set")
        assert (event.actor_name, event.detail["before"]) == (str(user), None)
        assert event.detail["after"].startswith("Runs Mon–Fri 8:00–19:00 (America/Chicago); shelved outside")

    def test_what_is_wrong_is_said_beside_what_was_typed(
        self, client: Client, machine: Instance, member: User
    ) -> None:
        client.force_login(member)
        data = {**WEEK, "time_zone": "Mars/Olympus", "start_0": "", "holidays": "31.12.2026"}
        response = client.post(reverse("policies:edit", args=[machine.pk, "schedule"]), data)
        shown = response.content.decode()
        assert response.status_code == 422
        assert "“Mars/Olympus” is no time zone" in shown and "Give the hours of Monday." in shown
        assert "Line 1 is no date" in shown and "31.12.2026" in shown
        assert not Policy.objects.exists()

    def test_trying_changes_nothing_and_says_what_it_would_have_done(
        self, client: Client, machine: Instance, member: User
    ) -> None:
        client.force_login(member)
        response = client.post(reverse("policies:edit", args=[machine.pk, "schedule"]), {**WEEK, "do": "try"})
        shown = response.content.decode()
        assert "In the last seven days" in shown and "Nothing was changed yet." in shown
        assert "SU/week instead of 336" in shown
        assert not Policy.objects.exists()

    def test_a_lease_of_the_owner_may_delete_and_that_of_others_not(
        self, client: Client, machine: Instance, member: User, pi: User
    ) -> None:
        day = (timezone.now() + timedelta(days=40)).date()
        lease = {"date": day.isoformat(), "time": "17:00", "action": "delete"}
        assert send(client, pi, "edit", machine.pk, "lease", **lease) == 403
        assert "Delete it" not in page(client, pi, "edit", machine.pk, "lease")
        assert "gone for good" in page(client, member, "edit", machine.pk, "lease")
        assert send(client, member, "edit", machine.pk, "lease", **lease) == 302
        assert Policy.objects.get().rules["delete_by"] == member.pk

    def test_by_htmx_the_dialog_closes_and_the_page_fetches(
        self, client: Client, machine: Instance, member: User
    ) -> None:
        client.force_login(member)
        address = reverse("policies:edit", args=[machine.pk, "idle"])
        response = client.post(address, {"hours": 4, "warn_minutes": 60, "action": "stop"}, **HTMX)
        assert response.status_code == 200
        assert "close-dialog" in response["HX-Trigger"] and "policies:changed" in response["HX-Trigger"]

    def test_extending_by_one_click(
        self, client: Client, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        end = timezone.now() + timedelta(days=2)
        give(machine, LeaseRules(until=end, extend_days=14))
        assert "Extend by 14 days" in page(client, member, "machine", machine.pk)
        assert send(client, member, "put-off", machine.pk, "extend") == 302
        assert Standing.objects.get().lease_until == end + timedelta(days=14)

    def test_keeping_it_running_until_hours_begin_again(
        self, client: Client, machine: Instance, member: User, give: Callable[..., Policy]
    ) -> None:
        give(machine, office_hours())
        assert send(client, member, "put-off", machine.pk, "keep", hours="morning") == 302
        until = Standing.objects.get().keep_until
        assert until is not None and until > timezone.now()
        assert send(client, member, "put-off", machine.pk, "keep", hours="") == 302
        assert Standing.objects.get().keep_until is None

    @pytest.mark.parametrize("hours", ["-1", "0", "1e9", "x", "100000"])
    def test_odd_hours_are_refused(
        self, client: Client, machine: Instance, member: User, give: Callable[..., Policy], hours: str
    ) -> None:
        give(machine, office_hours())
        assert send(client, member, "put-off", machine.pk, "keep", hours=hours) in (400, 422)


class TestAllocation:
    def test_everybody_sees_what_holds_and_only_managers_change_it(
        self, client: Client, machine: Instance, allocation: Allocation, member: User, pi: User
    ) -> None:
        assert "Set up…" not in page(client, member, "allocation", allocation.slug)
        assert "Set up…" in page(client, pi, "allocation", allocation.slug)
        assert send(client, member, "edit-default", allocation.slug, "schedule", **WEEK) == 403
        assert send(client, pi, "edit-default", allocation.slug, "schedule", **WEEK) == 302
        policy = Policy.objects.get()
        assert (policy.instance_id, policy.may_loosen) == (None, False)
        assert "may be stricter, not looser" in page(client, member, "allocation", allocation.slug)

    def test_a_default_lease_never_deletes(self, client: Client, allocation: Allocation, pi: User) -> None:
        lease = {"days": 30, "action": "delete", "extend_days": 14}
        assert send(client, pi, "edit-default", allocation.slug, "lease", **lease) == 422
        assert not Policy.objects.exists()

    def test_a_dry_run_of_all_machines(
        self, client: Client, allocation: Allocation, machine: Instance, pi: User
    ) -> None:
        client.force_login(pi)
        address = reverse("policies:edit-default", args=[allocation.slug, "schedule"])
        shown = client.post(address, {**WEEK, "do": "try"}).content.decode()
        assert "on 1 machine, and saved" in shown
        assert not Policy.objects.exists()

    def test_any_number_of_machines_costs_the_same_queries(
        self, client: Client, allocation: Allocation, member: User, give: Callable[..., Policy]
    ) -> None:
        give(allocation, office_hours())
        counts = set()
        for number in (1, 20, 300):
            for count in range(Instance.objects.count(), number):
                make_machine(allocation, member, name=f"m{count}")
            page(client, member, "allocation", allocation.slug)
            with CaptureQueriesContext(connection) as asked:
                shown = page(client, member, "allocation", allocation.slug)
            assert f">m{number - 1}<" in shown
            counts.add(len(asked))
        assert len(counts) == 1
