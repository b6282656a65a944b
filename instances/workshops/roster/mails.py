"""Writing to those who take part: people with an account as they chose, others to the address on the roster."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from instances.workshops.models import Learner, Meeting, Workshop
from instances.workshops.roster import ics, letters
from instances.workshops.roster.letters import Facts, Letter
from instances.workshops.roster.models import Calendar, Coming
from instances.workshops.roster.people import guest_of
from portal.accounts.models import User
from portal.accounts.time_zones import PREFERENCE, names
from portal.cloud.config import clouds
from portal.notices import mails as queue
from portal.notices import services as notices
from portal.notices.attachments import Attachment

KIND = "workshop.part"
_SALT = "workshop-invitation"
LetterOf = Callable[[Facts], Letter]


def personal_path(learner: Learner) -> str:
    """A link that proves the address it was mailed to: it belongs into the (sealed) text of a mail and nowhere else."""
    return reverse("roster:by-mail", args=[signing.Signer(salt=_SALT).sign(learner.pk.hex)])


def learner_of(token: str) -> UUID | None:
    try:
        return UUID(signing.Signer(salt=_SALT).unsign(token[:200]))
    except (signing.BadSignature, ValueError):
        return None


def invitation(learner: Learner, by: User) -> bool:
    """Written to once more each time that somebody asks for it. False: there is no way to reach them."""
    account = learner.user if learner.user and not guest_of(learner.user) else None
    if account is None and not (queue.configured() and queue.good(learner.email)):
        return False
    coming, _ = Coming.objects.get_or_create(learner=learner)
    key = f"workshop-invitation:{learner.pk}:{coming.invitations + 1}"
    facts = facts_of(learner.workshop, account)
    link = "" if account else settings.SITE_URL + personal_path(learner)
    letter = letters.invitation(facts, link=link, by=str(by))
    attached = [attachment(learner.workshop)]
    if account is not None:
        _tell([account], learner.workshop, letter, key, attached)
    else:
        notices.mail(
            to_address=learner.email, subject=letter.subject, text=letter.text, key=key, attachments=attached
        )
    Coming.objects.filter(pk=coming.pk).update(invited_at=timezone.now(), invitations=F("invitations") + 1)
    return True


def answered(learner: Learner, *, yes: bool) -> None:
    """To somebody who asked: they have an account."""
    if learner.user is not None:
        seat = learner.state == Learner.State.IN
        letter = letters.answered(facts_of(learner.workshop, learner.user), yes=yes, seat=seat)
        key = f"workshop-answered:{learner.pk}:{timezone.now():%Y%m%d%H%M%S%f}"
        _tell([learner.user], learner.workshop, letter, key, ())


def reminder(meeting: Meeting, hours: int) -> int:
    """To those who are in; a day before also to those who were invited and have not come. How many there were."""
    workshop = meeting.workshop
    who = Q(state=Learner.State.IN)
    if hours > 1:
        who |= Q(state=Learner.State.INVITED, coming__invitations__gt=0)
    people = _people(workshop, who)
    key = f"workshop-reminder:{meeting.pk}:{hours}"
    for joined in (True, False):
        some = [one for one in people if (one.state == Learner.State.IN) is joined]

        def letter(facts: Facts, joined: bool = joined) -> Letter:
            return letters.reminder(facts, hours=hours, joined=joined)

        _each(workshop, some, letter, key, (), [meeting])
    return len(people)


def moved(workshop: Workshop) -> int:
    key = f"workshop-moved:{workshop.pk}:{calendar_of(workshop).sequence}"
    people = _people(workshop, _EVERYBODY)
    _each(workshop, people, letters.moved, key, [attachment(workshop)], None)
    return len(people)


def cancelled(workshop: Workshop) -> int:
    key = f"workshop-cancelled:{workshop.pk}"
    people = _people(workshop, _EVERYBODY)
    _each(workshop, people, letters.cancelled, key, [attachment(workshop, cancelled=True)], None)
    return len(people)


def goodbye(workshop: Workshop) -> int:
    """To those who had a seat: where their work is, and until when."""
    people = _people(workshop, Q(state=Learner.State.IN))

    def letter(facts: Facts) -> Letter:
        return letters.goodbye(facts, work_until=workshop.remove_after)

    _each(workshop, people, letter, f"workshop-goodbye:{workshop.pk}", (), None)
    return len(people)


_EVERYBODY = Q(state__in=(Learner.State.IN, Learner.State.WAITING, Learner.State.ASKING)) | Q(
    state=Learner.State.INVITED, coming__invitations__gt=0
)


def _people(workshop: Workshop, who: Q) -> list[Learner]:
    found = Learner.objects.filter(who, workshop=workshop).exclude(via=Learner.Via.TEST)
    return list(found.select_related("user"))


def _each(
    workshop: Workshop,
    people: Iterable[Learner],
    letter: LetterOf,
    key: str,
    attached: Sequence[Attachment],
    meetings: Sequence[Meeting] | None,
) -> None:
    """People of one zone get one text; those without an account are written to at their address, in its own zone."""
    by_zone: dict[str, list[User]] = defaultdict(list)
    addresses: list[Learner] = []
    for one in people:
        if one.user is not None and not guest_of(one.user):
            by_zone[zone_of(one.user)].append(one.user)
        elif one.user is None and queue.good(one.email):
            addresses.append(one)
    for zone, users in by_zone.items():
        _tell(users, workshop, letter(_facts(workshop, zone, meetings)), key, attached)
    written = letter(_facts(workshop, "", meetings)) if addresses else None
    for one in addresses if written and queue.configured() else []:
        notices.mail(
            to_address=one.email,
            subject=written.subject if written else "",
            text=written.text if written else "",
            key=f"{key}:{one.pk.hex}",
            attachments=attached,
        )


def _tell(
    to: Sequence[User], workshop: Workshop, letter: Letter, key: str, attached: Sequence[Attachment]
) -> None:
    notices.tell(
        KIND,
        to=to,
        key=key,
        title=letter.subject,
        text=letter.text,
        url=reverse("roster:come", args=[workshop.pk]),
        attachments=attached,
    )


def zone_of(user: User | None) -> str:
    """The one that they chose; empty where they chose none: then nobody knows where they are."""
    chosen = str(user.preferences.get(PREFERENCE, "")) if user is not None else ""
    return chosen if chosen in names() else ""


def facts_of(workshop: Workshop, user: User | None) -> Facts:
    return _facts(workshop, zone_of(user), None)


def _facts(workshop: Workshop, reader: str, meetings: Sequence[Meeting] | None) -> Facts:
    rows = list(workshop.meetings.all()) if meetings is None else meetings
    coming = [one for one in rows if meetings is not None or one.ends_at > timezone.now()]
    return Facts(
        title=workshop.title,
        host=str(workshop.owner) if workshop.owner else workshop.title,
        meetings=[(one.starts_at, one.ends_at) for one in coming],
        zone=workshop.time_zone,
        reader=reader,
        summary=workshop.summary,
        needs=_needs(workshop),
        portal=clouds().branding.title,
    )


def _needs(workshop: Workshop) -> str:
    oidc = clouds().oidc
    if oidc is None:
        return ""
    if oidc.visitor_idps:
        return f"You sign in through {oidc.title} with an account of your university or laboratory."
    return f"You sign in through {oidc.title} with your {oidc.id_title}. {oidc.help}".strip()


def calendar_of(workshop: Workshop) -> Calendar:
    """How many versions of it there were."""
    count = workshop.meetings.count()
    found, made = Calendar.objects.get_or_create(workshop=workshop, defaults={"most": count})
    if not made and count > found.most:
        found.most = count
        found.save(update_fields=["most"])
    return found


def calendar(workshop: Workshop, *, cancelled: bool = False) -> bytes:
    kept = calendar_of(workshop)
    course = ics.Course(
        id=workshop.pk,
        title=workshop.title,
        summary=workshop.summary,
        page=settings.SITE_URL + reverse("roster:come", args=[workshop.pk]),
        host=urlsplit(settings.SITE_URL).hostname or "portal",
        sequence=kept.sequence,
        most=kept.most,
        cancelled=cancelled or workshop.state == Workshop.State.CANCELLED,
        written_at=timezone.now(),
    )
    events = [ics.Event(one.starts_at, one.ends_at, one.title) for one in workshop.meetings.all()]
    return ics.calendar(course, events)


def attachment(workshop: Workshop, *, cancelled: bool = False) -> Attachment:
    return Attachment(
        "workshop.ics",
        calendar(workshop, cancelled=cancelled),
        "text/calendar; method=PUBLISH; charset=UTF-8",
    )
