"""Whom the portal writes to about a workshop, what, and that it is once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from instances.workshops import hooks
from instances.workshops.models import Learner, Meeting, Workshop
from instances.workshops.roster import guest_codes, mails, reminding, services, tasks
from instances.workshops.roster.joining import Came, join
from instances.workshops.roster.models import Calendar, Coming, Reminded
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.seal import unseal
from portal.notices.attachments import unpacked
from portal.notices.models import Mail, Notice
from tests.instances.workshops.room import add_meeting, make_learner, make_workshop
from tests.instances.workshops.roster.conftest import entry, person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def ada_on(workshop: Workshop, member: User) -> Learner:
    return services.add(workshop=workshop, by=member, entries=[entry("Ada")]).made[0]


def planned(workshop: Workshop, hours: float) -> Meeting:
    """The workshop's only meeting, so many hours from now."""
    workshop.meetings.all().delete()
    start = timezone.now() + timedelta(hours=hours)
    return add_meeting(workshop, start, start + HOUR)


def test_somebody_without_an_account_gets_a_link_of_their_own(workshop: Workshop, member: User) -> None:
    ada = services.invite(learner=ada_on(workshop, member), by=member)
    mail = Mail.objects.get()
    text = unseal(mail.sealed_text)
    assert (mail.to_address, mail.user, mail.url) == ("ada@example.edu", None, "")
    assert mails.personal_path(ada) in text and mails.personal_path(ada) not in mail.text
    assert mails.learner_of(mails.personal_path(ada).strip("/").rpartition("/")[2]) == ada.pk
    (attached,) = unpacked(mail.attachments)
    assert attached.name == "workshop.ics" and b"BEGIN:VEVENT" in attached.content
    assert Coming.objects.get(learner=ada).invitations == 1


def test_somebody_with_an_account_is_told_as_they_chose(workshop: Workshop, member: User) -> None:
    ada = person("ada", preferences={"time_zone": "Europe/Berlin"})
    services.invite(learner=ada_on(workshop, member), by=member)
    notice = Notice.objects.get(user=ada)
    assert notice.kind == "workshop.part" and notice.url == f"/w/{workshop.pk}/join/"
    assert "Europe/Berlin" in notice.text and "America/Chicago" in notice.text
    assert mails.personal_path(workshop.learners.get()) not in notice.text


def test_inviting_again_writes_again(workshop: Workshop, member: User) -> None:
    ada = ada_on(workshop, member)
    services.invite(learner=ada, by=member)
    services.invite(learner=ada, by=member)
    assert Mail.objects.count() == 2


def test_without_an_address_or_a_mail_server_it_is_said(
    workshop: Workshop, member: User, settings: Any
) -> None:
    (bare,) = services.add(
        workshop=workshop, by=member, entries=[entry("Bert", email="", access_id="bert")]
    ).made
    ada = ada_on(workshop, member)
    with pytest.raises(PortalError) as problem:
        services.invite(learner=bare, by=member)
    assert problem.value.id == "roster:no-mail"
    settings.EMAIL_BACKEND = ""
    with pytest.raises(PortalError):
        services.invite(learner=ada, by=member)
    assert not Coming.objects.filter(invitations__gt=0).exists()


def test_a_reminder_a_day_and_an_hour_before_and_each_once(
    workshop: Workshop, came: Came, member: User
) -> None:
    ada = person("ada")
    join(user=ada, came=came, accepted=True)
    meeting = planned(workshop, 23)
    for _ in range(3):
        reminding.remind()
    assert Notice.objects.filter(user=ada, title__contains="is tomorrow").count() == 1
    for _ in range(3):
        reminding.remind(meeting.starts_at - HOUR / 2)
    assert Notice.objects.filter(user=ada, title__contains="in an hour").count() == 1
    assert Reminded.objects.count() == 2


def test_the_invited_who_have_not_come_are_reminded_a_day_before_only(
    workshop: Workshop, member: User
) -> None:
    services.invite(learner=ada_on(workshop, member), by=member)
    services.add(workshop=workshop, by=member, entries=[entry("Silent")])
    meeting = planned(workshop, 23)
    reminding.remind()
    reminding.remind(meeting.starts_at - HOUR / 2)
    texts = [unseal(mail.sealed_text) for mail in Mail.objects.order_by("pk")]
    assert len(texts) == 2 and "not joined so far" in texts[1]


@pytest.mark.parametrize("state", ["draft", "ended", "cancelled"])
def test_nobody_is_reminded_of_what_does_not_take_place(workshop: Workshop, came: Came, state: str) -> None:
    join(user=person("ada"), came=came, accepted=True)
    planned(workshop, 0.5)
    Workshop.objects.filter(pk=workshop.pk).update(state=state)
    assert reminding.remind() == 0


def test_who_dies_while_reminding_has_reminded_nobody(
    workshop: Workshop, came: Came, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(user=person("ada"), came=came, accepted=True)
    planned(workshop, 0.5)
    real = mails.reminder

    def dies(meeting: Meeting, hours: int) -> int:
        real(meeting, hours)
        raise RuntimeError

    monkeypatch.setattr(mails, "reminder", dies)
    with pytest.raises(RuntimeError):
        reminding.remind()
    assert not Reminded.objects.exists() and not Notice.objects.exists()
    monkeypatch.undo()
    assert reminding.remind() == 1


def test_people_of_one_zone_are_told_in_one_go(workshop: Workshop) -> None:
    planned(workshop, 0.5)
    counts = []
    for many in (1, 20, 100):
        made = make_workshop(workshop.allocation, workshop.owner, seats=0)
        for number in range(many):
            make_learner(made, person(f"p{many}-{number}"))
        meeting = planned(made, 0.5)
        with CaptureQueriesContext(connection) as held:
            mails.reminder(meeting, 1)
        counts.append(len([q for q in held.captured_queries if not q["sql"].startswith("INSERT")]))
    assert len(set(counts)) == 1, counts


def test_moved_times_are_told_once_they_have_settled(workshop: Workshop, came: Came) -> None:
    ada = person("ada")
    join(user=ada, came=came, accepted=True)
    planned(workshop, 48)
    for _ in range(3):
        hooks.tell_plan_changed(workshop, "moved")
    assert reminding.tell_moved() == 0
    later = timezone.now() + timedelta(minutes=5)
    assert (reminding.tell_moved(later), reminding.tell_moved(later)) == (1, 0)
    assert "other times" in Notice.objects.get(user=ada).title
    mail = Mail.objects.get(user=ada)
    assert b"SEQUENCE:3" in unpacked(mail.attachments)[0].content
    assert Calendar.objects.get(workshop=workshop).tell_at is None


def test_who_was_removed_hears_nothing_more(workshop: Workshop, came: Came, member: User) -> None:
    services.remove(learner=join(user=person("ada"), came=came, accepted=True), by=member)
    planned(workshop, 0.5)
    reminding.remind()
    hooks.tell_plan_changed(workshop, "cancelled")
    assert not Notice.objects.exists()


def test_a_cancelled_workshop_is_told_at_once_with_a_file_that_takes_it_away(
    workshop: Workshop, came: Came
) -> None:
    ada = person("ada")
    join(user=ada, came=came, accepted=True)
    hooks.tell_plan_changed(workshop, "cancelled")
    hooks.tell_plan_changed(workshop, "cancelled")
    assert Notice.objects.filter(user=ada).count() == 1
    assert b"STATUS:CANCELLED" in unpacked(Mail.objects.get(user=ada).attachments)[0].content


def test_a_goodbye_goes_to_who_was_in_and_says_until_when(workshop: Workshop, came: Came) -> None:
    people = [person(f"p{n}") for n in range(4)]
    for one in people:
        join(user=one, came=came, accepted=True)
    hooks.tell_plan_changed(workshop, "ended")
    told = set(Notice.objects.values_list("user__username", flat=True))
    assert told == {"p0", "p1", "p2"}
    assert "is kept until" in Notice.objects.all()[0].text


def test_a_workshop_that_never_took_place_says_no_goodbye(workshop: Workshop, came: Came) -> None:
    join(user=person("ada"), came=came, accepted=True)
    workshop.begun_at = None
    hooks.tell_plan_changed(workshop, "ended")
    assert not Notice.objects.exists()


def test_guests_are_not_written_to(takes_guests: Workshop, member: User) -> None:
    code = guest_codes.make(workshop=takes_guests, by=member, count=1)[0].code
    user, _ = guest_codes.come(given=code, asker="a", address="b")
    join(user=user, came=Came(takes_guests.pk), accepted=True)
    planned(takes_guests, 0.5)
    reminding.remind()
    assert not Notice.objects.exists() and not Mail.objects.exists()


def test_the_task_costs_the_same_whatever_there_is(workshop: Workshop, came: Came) -> None:
    counts = []
    for many in (1, 10):
        for number in range(many):
            made = make_workshop(workshop.allocation, workshop.owner)
            planned(made, 100 + number)
        tasks.look()
        with CaptureQueriesContext(connection) as held:
            tasks.look()
        counts.append(len(held))
    assert len(set(counts)) == 1, counts
