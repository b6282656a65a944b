"""People are told once, in the ways that they chose, and only of what was committed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from portal.accounts.models import User
from portal.core import bulk
from portal.core.errors import PortalError
from portal.notices import kinds, services
from portal.notices.attachments import Attachment
from portal.notices.kinds import Kind
from portal.notices.models import Choice, Mail, Notice, Told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def told(*people: User, kind: str = "test.plain", key: str = "event-1", **more: Any) -> int:
    words = {"title": "blast-node is ready", "text": "You can log in now.", **more}
    return services.tell(kind, to=people, key=key, **words)


@pytest.fixture
def ann(db: None) -> User:
    return make_user("ann")


def test_a_person_finds_it_in_the_inbox_and_a_mail_waits_for_them(ann: User) -> None:
    assert told(ann, url="/instances/1/", level="success", scope="allocation.1") == 1
    notice = Notice.objects.get(user=ann)
    assert (notice.title, notice.text, notice.url) == (
        "blast-node is ready",
        "You can log in now.",
        "/instances/1/",
    )
    assert (notice.level, notice.scope, notice.read_at) == ("success", "allocation.1", None)
    mail = Mail.objects.get(user=ann)
    assert (mail.to_address, mail.subject, mail.state) == (
        "ann@example.edu",
        "blast-node is ready",
        "waiting",
    )
    assert mail.due_at > timezone.now() + timedelta(seconds=5), "what happens together comes together"


def test_the_same_event_is_told_once_for_ever(ann: User) -> None:
    assert told(ann) == 1
    Notice.objects.all().delete()  # as tidying does, once it is old
    assert told(ann) == 0
    assert not Notice.objects.exists()


def test_another_event_is_told(ann: User) -> None:
    assert told(ann, key="a") + told(ann, key="b") == 2


def test_who_heard_of_it_before_is_not_told_again_with_those_who_did_not(ann: User) -> None:
    told(ann)
    bea = make_user("bea")
    assert told(ann, bea) == 1
    assert [notice.user for notice in Notice.objects.filter(user=bea)] == [bea]
    assert Notice.objects.filter(user=ann).count() == 1


def test_a_person_named_twice_is_told_once(ann: User) -> None:
    assert told(ann, ann) == 1


def test_one_who_is_switched_off_is_not_told(ann: User) -> None:
    ann.is_active = False
    assert told(ann) == 0


def test_of_two_workers_at_once_one_tells(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one's row appears between our look and our write."""
    insert = bulk.insert

    def slow(rows: Any) -> None:
        if rows and isinstance(rows[0], Told):
            Told.objects.create(user=ann, key="event-1")
        insert(rows)

    monkeypatch.setattr(bulk, "insert", slow)
    assert told(ann) == 0
    assert not Notice.objects.exists() and not Mail.objects.exists()


def test_what_is_rolled_back_was_never_told(ann: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        told(ann)
        raise RuntimeError
    assert told(ann) == 1


def test_each_hears_of_it_as_they_chose(ann: User) -> None:
    Choice.objects.create(user=ann, kind="test.plain", page=False, mail=True, webhook=False)
    assert told(ann) == 1
    assert not Notice.objects.exists()
    assert Mail.objects.count() == 1


def test_what_cannot_be_turned_off_is_in_the_inbox_all_the_same(ann: User) -> None:
    Choice.objects.create(user=ann, kind="test.always", page=False, mail=False, webhook=False)
    told(ann, kind="test.always")
    assert Notice.objects.count() == 1
    assert not Mail.objects.exists()


def test_a_kind_goes_by_mail_only_if_it_usually_does(ann: User) -> None:
    told(ann, kind="test.quiet")
    assert Notice.objects.count() == 1
    assert not Mail.objects.exists()


def test_nobody_is_written_to_at_an_address_that_is_none(ann: User) -> None:
    ann.email = "ann@example.edu\nBcc: all@example.edu"
    assert told(ann) == 1
    assert not Mail.objects.exists()


def test_without_a_mail_server_no_mail_waits(ann: User, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = ""
    assert told(ann) == 1
    assert not Mail.objects.exists()


def test_names_from_a_cloud_cannot_break_a_line(ann: User) -> None:
    told(ann, title="node\r\nBcc: x@example.edu\x1b[31m", text="first\x00\r\nsecond")
    notice = Notice.objects.get()
    assert notice.title == "node Bcc: x@example.edu [31m"
    assert notice.text == "first\nsecond"


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"]
)
def test_a_notice_leads_nowhere_else(ann: User, url: str) -> None:
    with pytest.raises(ValueError, match="page of the portal"):
        told(ann, url=url)


def test_a_kind_that_nobody_registered_is_a_mistake_in_the_program(ann: User) -> None:
    with pytest.raises(ValueError, match="not registered"):
        told(ann, kind="test.unheard-of")


def test_a_kind_has_one_meaning() -> None:
    kinds.register(Kind("test.plain", "Something plain", group="machines", ways={"page", "mail"}))
    with pytest.raises(ValueError, match="another meaning"):
        kinds.register(Kind("test.plain", "Something else", group="machines"))


@pytest.mark.parametrize("wrong", [{"ways": {"pigeon"}}, {"group": "birds"}])
def test_a_kind_uses_known_ways_and_groups(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kind test\.wrong"):
        kinds.register(Kind("test.wrong", "Wrong", **wrong))


def test_many_people_cost_as_many_queries_as_one(ann: User) -> None:
    crowd = [make_user(f"person{number}") for number in range(40)]
    with CaptureQueriesContext(
        connection,
    ) as one:
        told(ann, key="one")
    with CaptureQueriesContext(connection) as forty:
        assert told(*crowd, key="forty") == 40
    assert len(forty) == len(one)


def test_telling_again_costs_one_look(ann: User) -> None:
    told(ann)
    with CaptureQueriesContext(connection) as queries:
        told(ann)
    assert len([q for q in queries if q["sql"].startswith("SELECT")]) == 1


def test_somebody_without_an_account_is_written_to_once(db: None) -> None:
    words: dict[str, Any] = {"subject": "Join BIO220047", "text": "Alice invites you.", "key": "invitation:1"}
    assert services.mail(to_address="new@example.edu", **words) is True
    assert services.mail(to_address="new@example.edu", **words) is False
    mail = Mail.objects.get()
    assert (mail.user, mail.to_address, mail.subject) == (None, "new@example.edu", "Join BIO220047")


def test_an_address_that_is_none_is_refused(db: None) -> None:
    with pytest.raises(PortalError) as refusal:
        services.mail(to_address="x@y\nBcc: z@example.edu", subject="s", text="t", key="k")
    assert refusal.value.id == "notices:bad-address"
    assert not Mail.objects.exists()


def test_without_a_mail_server_an_invitation_says_that_it_did_not_go(db: None, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = ""
    assert services.mail(to_address="new@example.edu", subject="s", text="t", key="k") is False


def test_attachments_go_with_the_mail_and_have_harmless_names(ann: User) -> None:
    told(ann, attachments=[Attachment("../usage\r\n.csv", b"a,b\n", "text/csv")])
    [kept] = Mail.objects.get().attachments
    assert kept["name"] == "-usage--.csv"


def test_attachments_that_no_mail_carries_are_refused(ann: User) -> None:
    with pytest.raises(ValueError, match="at most"):
        told(ann, attachments=[Attachment("big", b"x" * 1_000_001)])
