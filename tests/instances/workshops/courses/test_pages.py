"""Pages of workshops as a person uses them: the form, its preflight, planning, the workshop's own page, lists."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from allocations.models import Allocation, Grant
from instances.workshops.courses import helping, services
from instances.workshops.models import Helper, Workshop
from portal.accounts.models import User
from tests.cast import make_user
from tests.instances.workshops.courses.conftest import meeting, wanted
from tests.instances.workshops.room import make_learner, make_workshop

State = Workshop.State


def typed(**fields: Any) -> dict[str, Any]:
    """A form as a browser sends it."""
    one = meeting()
    given = {
        "title": "Single cells",
        "seats": "3",
        "spares": "1",
        "when": "once",
        "day": one["day"],
        "begins": "13:00",
        "ends": "16:00",
        "time_zone": "America/Chicago",
        "image_id": "ubuntu-new",
        "flavor_id": "2",
        "disk": "image",
        "start_up": "shell",
        "login": "learner",
        "entry": "link",
        "between": "shelve",
        "keep_days": "3",
        "ready_minutes": "15",
        "tail_minutes": "15",
        "do": "draft",
    }
    return {**given, **fields}


def test_a_new_form_is_an_example_that_could_be_planned(place: Allocation, as_member: Client) -> None:
    shown = as_member.get(reverse("workshops:new", args=[place.slug])).content.decode()
    assert 'value="20"' in shown and 'name="when"' in shown
    assert "Preflight" in shown and "in all" in shown


def test_what_is_sent_is_kept_as_a_draft_and_has_a_page(place: Allocation, as_member: Client) -> None:
    answer = as_member.post(reverse("workshops:new", args=[place.slug]), typed())
    made = Workshop.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("workshops:detail", args=[made.pk])
    assert (made.state, made.seats, made.spares, made.flavor_name) == (State.DRAFT, 3, 1, "m3.small")
    assert made.meetings.count() == 1
    page = as_member.get(answer["Location"]).content.decode()
    assert "Single cells" in page and "it is a draft" in page and "Plan it" in page


def test_bad_input_loses_nothing_and_the_rest_is_a_draft(place: Allocation, as_member: Client) -> None:
    sent = typed(login="root", steps="One\nTwo", hand_out="# Hello", repository_url="http://plain.example/x")
    answer = as_member.post(reverse("workshops:new", args=[place.slug]), sent)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "root is an account that machines have already" in shown
    assert 'value="root"' in shown and 'value="http://plain.example/x"' in shown
    made = Workshop.objects.get()
    assert made.steps == ["One", "Two"] and made.hand_out == "# Hello" and made.login == "learner"
    assert reverse("workshops:edit", args=[made.pk]) in shown


def test_a_section_is_saved_and_leads_to_the_next(
    draft: Workshop, as_member: Client, place: Allocation
) -> None:
    answer = as_member.post(reverse("workshops:edit", args=[draft.pk]), typed(do="people", steps="One"))
    assert answer["Location"] == f"{reverse('workshops:edit', args=[draft.pk])}?open=people#people"
    draft.refresh_from_db()
    assert draft.steps == ["One"]


def test_the_form_shows_again_what_was_kept(draft: Workshop, member: User, as_member: Client) -> None:
    change = wanted(
        steps=["One"], boot_script="#!/bin/sh\necho hi\n", sudo=True, meetings=[meeting(), meeting(7)]
    )
    services.change(workshop=draft, by=member, wanted=change)
    shown = as_member.get(reverse("workshops:edit", args=[draft.pk])).content.decode()
    assert "echo hi" in shown and "13:00-16:00" in shown and 'name="sudo" checked' in shown


def test_the_preflight_follows_the_form(place: Allocation, as_member: Client) -> None:
    url = reverse("workshops:preflight-new", args=[place.slug])
    sent = typed(seats="100", spares="5", flavor_id="4")
    shown = as_member.post(url, sent, headers={"HX-Request": "true"}).content.decode()
    assert "Not enough cores" in shown and "Not enough machines" in shown
    assert "please raise the quota" in shown and "100 seats and 5 spare machines of m3.quad" in shown
    assert not Workshop.objects.exists()


def test_planning_is_refused_with_numbers_and_allowed_when_it_is_known(
    draft: Workshop, member: User, as_member: Client
) -> None:
    url = reverse("workshops:plan", args=[draft.pk])
    Grant.objects.filter(resource="cpu").update(used=99_998)
    shown = as_member.post(url, {})
    assert shown.status_code == 409 and "Not enough service units" in shown.content.decode()
    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    Grant.objects.filter(resource="cpu").update(used=0)
    services.change(workshop=draft, by=member, wanted=wanted(spares=0))
    assert as_member.post(url, {}).status_code == 409
    assert as_member.post(url, {"known": "on"}).status_code == 302
    draft.refresh_from_db()
    assert draft.state == State.PLANNED


def test_its_page_says_what_happens_next_and_what_it_costs(
    draft: Workshop, member: User, as_member: Client
) -> None:
    services.plan(workshop=draft, by=member, known=True)
    shown = as_member.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert "4 machines begin to be built" in shown and "The meeting begins" in shown
    assert "Everything made for it is removed" in shown
    assert "to come, as planned" in shown and "Nothing stands in its way" in shown
    assert reverse("board:board", args=[draft.pk]) in shown


@pytest.mark.parametrize("what", ["cancel", "clone", "hand-over", "test-drive"])
def test_dialogs_open_in_the_page_and_on_their_own(draft: Workshop, as_member: Client, what: str) -> None:
    url = reverse("workshops:act", args=[draft.pk, what])
    assert as_member.get(url).status_code == 200
    part = as_member.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "dialog-head" in part and "<html" not in part


def test_what_is_no_act_is_not_there(draft: Workshop, as_member: Client) -> None:
    assert as_member.get(reverse("workshops:act", args=[draft.pk, "explode"])).status_code == 404


def test_it_is_cancelled_and_says_so(draft: Workshop, as_member: Client) -> None:
    answer = as_member.post(reverse("workshops:act", args=[draft.pk, "cancel"]))
    assert answer.status_code == 302
    assert "It was cancelled" in as_member.get(answer["Location"]).content.decode()


def test_it_is_handed_to_a_member_and_to_nobody_else(
    draft: Workshop, as_member: Client, colleague: User, stranger: User
) -> None:
    url = reverse("workshops:act", args=[draft.pk, "hand-over"])
    assert as_member.post(url, {"to": str(stranger.pk)}).status_code == 422
    assert as_member.post(url, {"to": str(colleague.pk)}).status_code == 302
    draft.refresh_from_db()
    assert draft.owner == colleague


def test_lists_have_those_that_one_runs_and_no_others(
    draft: Workshop, as_member: Client, other_allocation: Allocation, client: Client, colleague: User
) -> None:
    make_workshop(other_allocation, None, title="Somebody else's")
    mine = as_member.get(reverse("workshops:list")).content.decode()
    assert "Single cells" in mine and "Somebody else" not in mine
    here = as_member.get(reverse("workshops:in-allocation", args=[draft.allocation.slug])).content.decode()
    assert "Single cells" in here
    client.force_login(colleague)
    theirs = client.get(reverse("workshops:in-allocation", args=[draft.allocation.slug])).content.decode()
    assert "Single cells" not in theirs and "No workshops yet" in theirs


def test_whoever_only_learns_lands_on_their_workshops(client: Client, workshop: Workshop) -> None:
    lea = make_user("lea")
    make_learner(workshop, lea)
    client.force_login(lea)
    for url in (reverse("home"), reverse("no-allocation")):
        answer = client.get(url)
        assert answer.status_code == 302 and answer["Location"] == reverse("workshops:list")
    shown = client.get(reverse("workshops:list")).content.decode()
    assert workshop.title in shown and "Go to your seat" in shown
    assert reverse("workshops:detail", args=[workshop.pk]) not in shown
    assert client.get(reverse("workshops:detail", args=[workshop.pk])).status_code == 404


def test_whoever_has_nothing_is_told_about_allocations_still(client: Client, db: None) -> None:
    client.force_login(make_user("newbie"))
    assert client.get(reverse("home"))["Location"] == reverse("no-allocation")
    shown = client.get(reverse("no-allocation")).content.decode()
    assert reverse("workshops:list") in shown


def test_a_helper_sees_its_page_without_what_plans_it(draft: Workshop, member: User, client: Client) -> None:
    services.plan(workshop=draft, by=member, known=True)
    hanna = make_user("hanna")
    helping.add_helper(workshop=draft, by=member, who="hanna@access-ci.org")
    client.force_login(hanna)
    shown = client.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert "Single cells" in shown and "Cancel it" not in shown and "Change</a>" not in shown
    assert "to come, as planned" not in shown and " SU</span>" not in shown
    assert client.get(reverse("workshops:edit", args=[draft.pk])).status_code == 403
    assert client.post(reverse("workshops:act", args=[draft.pk, "cancel"])).status_code == 403


def test_helpers_are_added_changed_and_removed(draft: Workshop, as_member: Client) -> None:
    url = reverse("workshops:helper", args=[draft.pk])
    assert as_member.post(url, {"who": "tara@example.edu", "role": "instructor"}).status_code == 302
    found = Helper.objects.get()
    assert (found.email, found.role, found.user) == ("tara@example.edu", "instructor", None)
    as_member.post(url, {"id": str(found.pk), "role": "assistant", "do": "change"})
    found.refresh_from_db()
    assert found.role == "assistant"
    as_member.post(url, {"id": str(found.pk), "do": "remove"})
    assert not Helper.objects.exists()
    assert as_member.post(url, {"who": "no body"}).status_code == 422
    assert as_member.post(url, {"id": "1" * 30, "do": "remove"}).status_code == 404


def test_times_on_its_page_are_those_of_its_zone_and_the_readers_stand_beside(
    draft: Workshop, member: User, as_member: Client
) -> None:
    services.plan(workshop=draft, by=member, known=True)
    start = draft.meetings.get().starts_at
    shown = as_member.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert f'13:00</time>–16:00 <span class="sub">{start:%a} {start.day} {start:%b, %H:%M} for you' in shown
    assert "America/Chicago" in shown
    member.preferences["time_zone"] = "America/Chicago"
    member.save()
    shown = as_member.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert "for you" not in shown


def test_every_week_is_a_meeting_on_each_of_its_days(place: Allocation, as_member: Client) -> None:
    first, last = meeting()["day"], meeting(15)["day"]
    url = reverse("workshops:new", args=[place.slug])
    assert 'type="checkbox" name="weekdays"' in as_member.get(url).content.decode()
    sent = typed(when="weekly", day=first, until=last, without=meeting(7)["day"])
    as_member.post(url, sent)
    made = Workshop.objects.get()
    assert [f"{one.day}" for one in made.meetings.all()] == [first, meeting(14)["day"]]
    again = as_member.get(reverse("workshops:edit", args=[made.pk])).content.decode()
    assert f"{first} 13:00-16:00" in again


def test_what_is_missing_of_a_rhythm_is_said_in_the_preflight(place: Allocation, as_member: Client) -> None:
    url = reverse("workshops:preflight-new", args=[place.slug])
    shown = as_member.post(url, typed(when="weekly"), headers={"HX-Request": "true"}).content.decode()
    assert "Give the day of the last meeting." in shown


def test_extending_says_the_end_and_the_cost_and_is_done_once(
    place: Allocation, member: User, as_member: Client
) -> None:
    running = make_workshop(place, member)
    url = reverse("workshops:act", args=[running.pk, "extend"])
    shown = as_member.get(url).content.decode()
    assert "It ends at" in shown and "30 min, " in shown
    seen = running.meetings.get().ends_at.isoformat()
    assert as_member.post(url, {"minutes": "30", "seen": seen}).status_code == 302
    twice = as_member.post(url, {"minutes": "30", "seen": seen})
    assert twice.status_code == 409
    assert as_member.post(url, {"minutes": "x"}).status_code >= 400


def test_the_whole_is_ended_and_a_meeting_too(place: Allocation, member: User, as_member: Client) -> None:
    running = make_workshop(place, member)
    assert as_member.post(reverse("workshops:act", args=[running.pk, "end"])).status_code == 302
    assert as_member.post(reverse("workshops:act", args=[running.pk, "end"])).status_code == 409
    other = make_workshop(place, member)
    assert as_member.post(reverse("workshops:act", args=[other.pk, "finish"])).status_code == 302


def test_going_on_beyond_the_cap_is_a_word_of_those_who_plan(
    place: Allocation, member: User, as_member: Client
) -> None:
    running = make_workshop(place, member, su_cap=5)
    assert as_member.post(reverse("workshops:act", args=[running.pk, "beyond"])).status_code == 302
    running.refresh_from_db()
    assert running.over_cap_until is not None


def test_a_clone_is_a_draft_on_new_days(draft: Workshop, as_member: Client) -> None:
    url = reverse("workshops:act", args=[draft.pk, "clone"])
    assert as_member.post(url, {"first_day": "never"}).status_code == 422
    answer = as_member.post(url, {"first_day": meeting(28)["day"], "title": "Again", "helpers": "on"})
    made = Workshop.objects.get(title="Again")
    assert answer["Location"] == reverse("workshops:edit", args=[made.pk])
    assert f"{made.meetings.get().day}" == meeting(28)["day"] and made.state == State.DRAFT


def test_a_test_drive_leads_to_the_page_of_a_learner(draft: Workshop, as_member: Client) -> None:
    answer = as_member.post(reverse("workshops:act", args=[draft.pk, "test-drive"]))
    assert answer.status_code == 302 and answer["Location"] == reverse("learner:page", args=[draft.pk])


def test_a_running_one_shows_fixed_fields_no_more_and_takes_words(
    place: Allocation, member: User, as_member: Client
) -> None:
    running = make_workshop(place, member)
    url = reverse("workshops:edit", args=[running.pk])
    shown = as_member.get(url).content.decode()
    assert 'name="flavor_id"' not in shown and 'name="login"' not in shown and 'name="hand_out"' in shown
    start = running.meetings.get()
    sent = {
        "title": "Other words",
        "seats": "3",
        "spares": "0",
        "when": "days",
        "days": f"{start.day} {start.begins:%H:%M}-{start.ends:%H:%M}",
        "time_zone": "UTC",
        "login": "intruder",
    }
    Workshop.objects.filter(pk=running.pk).update(time_zone="UTC")
    answer = as_member.post(url, sent)
    running.refresh_from_db()
    assert answer.status_code in (302, 409, 422) and running.login == "learner"


def test_a_hand_out_is_shown_as_markup_and_never_as_script(
    draft: Workshop, member: User, as_member: Client
) -> None:
    change = wanted(hand_out="# Welcome\n\n<script>alert(1)</script>", title="<b>Bold</b>")
    services.change(workshop=draft, by=member, wanted=change)
    shown = as_member.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert "<h3>Welcome</h3>" in shown and "<script>alert" not in shown and "<b>Bold" not in shown


def test_the_bar_is_in_the_allocation_of_the_workshop_and_says_nothing_of_it_to_others(
    draft: Workshop, member: User, as_member: Client, client: Client
) -> None:
    shown = as_member.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert reverse("workshops:in-allocation", args=[draft.allocation.slug]) in shown
    services.plan(workshop=draft, by=member, known=True)
    helping.add_helper(workshop=draft, by=member, who=make_user("hanna").access_id)
    client.force_login(User.objects.get(username="hanna"))
    shown = client.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert reverse("instances:list", args=[draft.allocation.slug]) not in shown


def test_what_an_allocation_has_is_nothing_that_helpers_are_told(
    draft: Workshop, member: User, client: Client
) -> None:
    services.change(workshop=draft, by=member, wanted=wanted(seats=100))
    ina = make_user("ina")
    helping.add_helper(workshop=draft, by=member, who=ina.access_id, role="instructor")
    client.force_login(ina)
    shown = client.get(reverse("workshops:detail", args=[draft.pk])).content.decode()
    assert "Not enough" not in shown and "quota" not in shown
    form = client.get(reverse("workshops:edit", args=[draft.pk])).content.decode()
    assert 'name="hand_out"' in form and "Preflight</strong>" not in form and "SU left" not in form
    assert client.post(reverse("workshops:preflight", args=[draft.pk]), {}).status_code == 403
    listed = client.get(reverse("workshops:list")).content.decode()
    assert "Single cells" in listed and '<span class="quiet">–</span></td>' in listed
    answer = client.post(reverse("workshops:edit", args=[draft.pk]), {"hand_out": "Read", "seats": "1"})
    draft.refresh_from_db()
    assert answer.status_code == 302 and (draft.hand_out, draft.seats) == ("Read", 100)
