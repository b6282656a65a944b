"""The pages after a workshop, and the same for programs."""

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from instances.workshops import hooks
from instances.workshops.models import Learner, Seat, Workshop
from instances.workshops.runs.models import Stored, Work
from portal.accounts.models import User
from tests.instances.workshops.after.conftest import DAY, FIRST, SECOND, Seen, called
from tests.instances.workshops.room import seat_of

STATE = Workshop.State
PROOF = {
    "at": "2026-03-09T10:00:00+00:00",
    "counted": {"servers": 0, "ports": 0, "security_groups": 0},
    "made": {"servers": 43},
}


def client_of(user: User | None) -> Client:
    found = Client()
    if user is not None:
        found.force_login(user)
    return found


def get(user: User | None, name: str, workshop: Workshop, status: int = 200) -> str:
    answer = client_of(user).get(reverse(name, args=[workshop.pk]))
    assert answer.status_code == status, answer.content[:300]
    return answer.getvalue().decode()


def test_the_report_says_who_was_there_and_what_it_cost(
    held: Workshop, lea: Learner, seen: Seen, member: User
) -> None:
    seen(lea, 0, 2, 58)
    called(lea, FIRST, 3, "It <b>hangs</b>")
    page = get(member, "after:report", held)
    for words in ("Lea", "12 SU", "failed while it was built", "Failed while it was built", "10:02–10:58"):
        assert words.casefold() in page.casefold(), words
    assert "It &lt;b&gt;hangs&lt;/b&gt;" in page


def test_times_are_of_the_workshops_zone_and_of_the_readers(held: Workshop, member: User) -> None:
    member.preferences = {"time_zone": "Europe/Berlin"}
    member.save()
    page = get(member, "after:report", held)
    assert "Tue 3 Mar 2026, 10:00 to 11:00" in page
    assert "Tue 3 Mar, 17:00 to 18:00" in page and "Europe/Berlin" in page


def test_who_sees_the_report(
    held: Workshop,
    lea: Learner,
    assistant_of: User,
    pi: User,
    operator: User,
    colleague: User,
    stranger: User,
) -> None:
    for user in (pi, assistant_of, operator):
        get(user, "after:report", held)
        get(user, "after:left", held)
    for other in (lea.user, colleague, stranger):
        get(other, "after:report", held, 404)
        get(other, "after:left", held, 404)
    assert client_of(None).get(reverse("after:report", args=[held.pk])).status_code == 302


def test_the_file_has_a_line_for_each_learner_and_no_formula(
    held: Workshop, lea: Learner, seen: Seen, member: User, assistant_of: User, operator: User
) -> None:
    Learner.objects.filter(pk=lea.pk).update(name='=HYPERLINK("http://evil")')
    seen(lea, 1, 0, 30)
    text = get(assistant_of, "after:report-csv", held).removeprefix("\ufeff")
    header, row = csv.reader(io.StringIO(text))
    found = dict(zip(header, row, strict=True))
    assert found["Name"] == '\'=HYPERLINK("http://evil")'
    assert (found["E-mail"], found["Seat"], found["Meetings attended"]) == ("lea@example.edu", "1", "1")
    assert found["Minutes on 2026-03-05 10:00 (America/Chicago)"] == "30"
    assert found["Minutes on 2026-03-03 10:00 (America/Chicago)"] == ""
    assert float(found["SU"]) == 12
    # It has people's addresses: who only looks on has no use for it.
    get(operator, "after:report-csv", held, 403)


def test_what_is_kept_until_when_and_what_is_waited_for(
    held: Workshop, lea: Learner, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        hooks, "_before", [lambda workshop: "The work of 2 learners is still to be collected"]
    )
    page = get(member, "after:left", held)
    assert "1 machine is put away" in page
    assert "Sunday 8 March 2026, 11:00" in page
    assert "The work of 2 learners is still to be collected" in page
    assert reverse("after:remove", args=[held.pk]) in page


def test_who_does_not_plan_it_sees_no_button(held: Workshop, assistant_of: User) -> None:
    assert reverse("after:remove", args=[held.pk]) not in get(assistant_of, "after:left", held)


def test_it_is_kept_for_longer(held: Workshop, member: User, assistant_of: User) -> None:
    url = reverse("after:keep", args=[held.pk])
    assert client_of(assistant_of).post(url, {"days": "9"}).status_code == 403
    for odd in ("", "-1", "x", "99999", "٣", "61"):
        assert client_of(member).post(url, {"days": odd}).status_code == 422
    answer = client_of(member).post(url, {"days": "9"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("after:left", args=[held.pk]))
    held.refresh_from_db()
    assert held.keep_days == 9


def test_removing_now_says_what_is_lost_before(
    held: Workshop, lea: Learner, member: User, assistant_of: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "_before", [lambda workshop: "The work of Lea is still to be collected"])
    url = reverse("after:remove", args=[held.pk])
    page = get(member, "after:remove", held)
    assert "is deleted with everything on it" in page
    assert "The work of Lea is still to be collected" in page
    assert client_of(assistant_of).post(url).status_code == 403
    answer = client_of(member).post(url, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == reverse("after:left", args=[held.pk])
    held.refresh_from_db()
    assert held.state == STATE.REMOVING


def test_nothing_is_removed_before_the_end(held: Workshop, member: User) -> None:
    Workshop.objects.filter(pk=held.pk).update(state=STATE.RUNNING)
    assert "Remove now" not in get(member, "after:remove", held)
    url = reverse("after:remove", args=[held.pk])
    assert client_of(member).post(url).status_code == 409


def test_how_far_the_removal_is(held: Workshop, lea: Learner, member: User) -> None:
    Workshop.objects.filter(pk=held.pk).update(
        state=STATE.REMOVING, hold_id="workshops:cap-reached", hold_params={"title": "It"}
    )
    page = get(member, "after:left", held)
    assert '<b class="num">1</b> of <b class="num">2</b> machines are deleted' in page
    assert "The workshop has reached its cap" in page


def test_the_proof_says_what_was_counted_and_when(held: Workshop, member: User) -> None:
    Workshop.objects.filter(pk=held.pk).update(state=STATE.REMOVED, removed_at=timezone.now(), proof=PROOF)
    page = get(member, "after:left", held)
    assert "Nothing is left" in page
    assert "05:00:00, 9 March 2026" in page
    assert "Security groups" in page and "machines 43" in page


def test_a_count_that_found_something_is_no_proof(held: Workshop, member: User) -> None:
    counted = {**PROOF, "counted": {"servers": 0, "ports": 2}}
    Workshop.objects.filter(pk=held.pk).update(state=STATE.REMOVING, proof=counted)
    page = get(member, "after:left", held)
    assert "something was still there" in page
    assert "Nothing is left" not in page


@pytest.mark.parametrize(
    "odd",
    [{"counted": "none"}, {"counted": {"servers": "many"}}, {"at": "never", "counted": {"x": 0}}, {"at": 5}],
)
def test_an_odd_proof_breaks_no_page(held: Workshop, member: User, odd: dict[str, Any]) -> None:
    Workshop.objects.filter(pk=held.pk).update(state=STATE.REMOVED, proof=odd)
    get(member, "after:left", held)


@pytest.mark.parametrize("state", [STATE.DRAFT, STATE.PLANNED, STATE.RUNNING, STATE.CANCELLED])
def test_in_every_state_there_is_a_page(held: Workshop, member: User, state: str) -> None:
    Workshop.objects.filter(pk=held.pk).update(state=state)
    for name in ("after:left", "after:report"):
        get(member, name, held)


def work_of(learner: Learner, **fields: Any) -> Work:
    stored = Stored.objects.create(created_at=timezone.now(), size_bytes=2_000_000)
    given = {
        "asked_at": timezone.now(),
        "stored": stored,
        "collected_at": SECOND,
        "files": 12,
        "state": "done",
    }
    return Work.objects.create(workshop=learner.workshop, learner=learner, **{**given, **fields})


def test_a_learner_reads_where_their_work_is_and_until_when(held: Workshop, lea: Learner, seen: Seen) -> None:
    assert lea.user is not None
    work_of(lea)
    seen(lea, 0, 0, 60)
    lea.user.preferences = {"time_zone": "Europe/Berlin"}
    lea.user.save()
    page = get(lea.user, "after:work", held)
    assert "You were at 1 of 2 meetings" in page
    assert "12 files" in page and reverse("runs:own-work-zip", args=[held.pk]) in page
    # Chicago's eleven o'clock, by the reader's clock.
    assert "Sunday 8 March 2026, 17:00" in page and "Then it is deleted" in page


def test_once_the_machine_is_gone_it_says_so(held: Workshop, lea: Learner) -> None:
    assert lea.user is not None
    work_of(lea)
    Workshop.objects.filter(pk=held.pk).update(state=STATE.REMOVED, removed_at=timezone.now())
    page = get(lea.user, "after:work", held)
    assert "Your machine is deleted" in page and reverse("runs:own-work-zip", args=[held.pk]) in page


def test_who_never_sat_at_a_machine_has_no_work(held: Workshop, lea: Learner) -> None:
    assert lea.user is not None
    held.machines.all().delete()
    Seat.objects.filter(pk=seat_of(held).pk).update(instance=None)
    assert "You had no machine" in get(lea.user, "after:work", held)


def test_nobody_else_asks_for_it(held: Workshop, lea: Learner, member: User, stranger: User) -> None:
    for user in (member, stranger):
        get(user, "after:work", held, 404)
    Learner.objects.filter(pk=lea.pk).update(state=Learner.State.OUT)
    assert lea.user is not None
    get(lea.user, "after:work", held, 404)


def test_the_report_for_programs(held: Workshop, lea: Learner, seen: Seen, member: User) -> None:
    seen(lea, 0, 2, 58)
    found = json.loads(get(member, "api:workshop_report", held))
    assert float(found["total_su"]) == 12
    assert [one["came"] for one in found["meetings"]] == [1, 0]
    assert found["learners"][0]["present"][0]["meeting"] == 1
    assert found["replaced"] == {"failed while it was built": 1}


def test_what_is_left_for_programs(
    held: Workshop, lea: Learner, member: User, assistant_of: User, stranger: User
) -> None:
    found = json.loads(get(member, "api:workshop_left", held))
    assert (found["state"], found["machines_made"], found["machines_left"]) == ("ended", 2, 1)
    url = reverse("api:keep_workshop", args=[held.pk])
    given, kind = json.dumps({"days": 5}), "application/json"
    assert client_of(assistant_of).post(url, given, content_type=kind).status_code == 403
    assert client_of(stranger).post(url, given, content_type=kind).status_code == 404
    kept = client_of(member).post(url, given, content_type=kind).json()
    # Chicago's 11:15, three days and two more after it closed.
    assert datetime.fromisoformat(kept["remove_after"]) == SECOND + 5 * DAY + (held.ended_at - SECOND)  # type: ignore[operator]
    gone = client_of(member).post(reverse("api:remove_workshop", args=[held.pk])).json()
    assert gone["state"] == "removing"
