"""The pages of choices, webhooks, mails and announcements."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from portal.accounts import time_zones
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.seal import unseal
from portal.notices import announcing, services
from portal.notices.models import Announcement, Choice, Mail, Sending, Webhook
from tests.portal.notices.things import announce, webhook_of

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(member: User) -> Client:
    return client_of(member)


@pytest.fixture
def staff(operator: User) -> Client:
    return client_of(operator)


class TestChoosing:
    def save(self, client: Client, *ticked: str, **more: str) -> Any:
        shown = ["test.plain", "test.quiet", "test.always"]
        form = {"kind": shown, "time_zone": "UTC", **dict.fromkeys(ticked, "on"), **more}
        return client.post("/profile/notices/", form)

    def test_what_is_ticked_holds_and_the_rest_does_not(self, client: Client, member: User) -> None:
        assert self.save(client, "test.plain:page", "test.quiet:mail").status_code == 302
        kept = {c.kind: (c.page, c.mail, c.webhook) for c in Choice.objects.filter(user=member)}
        assert kept == {
            "test.plain": (True, False, False),
            "test.quiet": (False, True, False),
            "test.always": (True, False, False),
        }

    def test_what_cannot_be_turned_off_has_no_box_and_stays(self, client: Client, member: User) -> None:
        assert 'name="test.always:page"' not in client.get("/profile/notices/").content.decode()
        self.save(client)
        assert Choice.objects.get(user=member, kind="test.always").page is True

    def test_a_kind_that_the_form_did_not_show_stays_as_it_was(self, client: Client, member: User) -> None:
        """Of an app that was added while the page stood open."""
        client.post("/profile/notices/", {"kind": ["test.plain"], "time_zone": "UTC"})
        assert {c.kind for c in Choice.objects.all()} == {"test.plain"}

    def test_saving_what_is_so_anyway_writes_nothing(self, client: Client, member: User) -> None:
        self.save(
            client,
            *("test.plain:page", "test.plain:mail", "test.plain:webhook", "test.quiet:page"),
            *("test.quiet:webhook", "test.always:mail", "test.always:webhook"),
        )
        assert not Choice.objects.exists() and not AuditEvent.objects.exists()

    def test_it_is_written_down(self, client: Client, member: User) -> None:
        self.save(client)
        event = AuditEvent.objects.get(action="notices.choose")
        assert event.scope == f"user.{member.pk}" and "test.plain" in event.detail["kinds"]

    def test_the_time_zone_is_kept(self, client: Client, member: User) -> None:
        self.save(client, time_zone="America/Indiana/Indianapolis")
        member.refresh_from_db()
        assert time_zones.zone_of(member).key == "America/Indiana/Indianapolis"
        assert (
            "<option selected>America/Indiana/Indianapolis"
            in client.get("/profile/notices/").content.decode()
        )

    @pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "x" * 500])
    def test_a_zone_that_does_not_exist_is_refused(self, client: Client, member: User, zone: str) -> None:
        assert self.save(client, "test.plain:page", time_zone=zone).status_code == 422
        assert not Choice.objects.exists()

    def test_a_zone_that_is_gone_is_the_operators(self, member: User) -> None:
        member.preferences = {"time_zone": "Mars/Olympus"}
        assert time_zones.zone_of(member).key == "UTC" == time_zones.zone_of(None).key

    def test_a_person_without_an_address_is_told_so(self, client: Client, member: User) -> None:
        User.objects.filter(pk=member.pk).update(email="")
        assert "gives no e-mail address for you" in client.get("/profile/notices/").content.decode()


class TestMails:
    def test_a_person_sees_what_was_written_to_them_and_how_it_fared(
        self, client: Client, member: User, pi: User
    ) -> None:
        Mail.objects.create(
            user=member,
            to_address=member.email,
            subject="For Bob",
            text="Hello",
            state="failed",
            error="550 no",
        )
        Mail.objects.create(user=pi, to_address=pi.email, subject="For Alice", text="Hello")
        page = client.get("/profile/notices/mails/").content.decode()
        assert "For Bob" in page and "550 no" in page and "For Alice" not in page

    def test_without_a_mail_server_the_page_says_so(self, client: Client, settings: Any) -> None:
        settings.DEFAULT_FROM_EMAIL = ""
        assert "sends no e-mail" in client.get("/profile/notices/mails/").content.decode()


class TestWebhooks:
    def add(self, client: Client, **more: Any) -> Any:
        return client.post(
            "/profile/webhooks/", {"name": "chat", "url": "https://hooks.example.edu/in", **more}
        )

    def test_a_new_ones_secret_is_shown_once(self, client: Client, member: User) -> None:
        page = self.add(client).content.decode()
        hook = Webhook.objects.get()
        secret = unseal(hook.sealed_secret)
        assert secret in page and "whsec_" in secret
        for later in ("/profile/webhooks/", f"/profile/webhooks/{hook.pk}/"):
            assert secret not in client.get(later).content.decode()

    @pytest.mark.parametrize("url", ["http://hooks.example.edu/", "https://10.0.0.1:22/", "nonsense", ""])
    def test_an_address_that_is_not_to_be_used_is_refused_in_words(self, client: Client, url: str) -> None:
        answer = self.add(client, url=url)
        assert answer.status_code == 422 and "field-error" in answer.content.decode()
        assert not Webhook.objects.exists()

    def test_somebody_elses_is_not_there(self, client: Client, pi: User) -> None:
        hook = webhook_of(pi)
        assert str(hook.pk) not in client.get("/profile/webhooks/").content.decode()
        assert client.get(f"/profile/webhooks/{hook.pk}/").status_code == 404
        for action in ("test", "off", "remove"):
            assert client.post(f"/profile/webhooks/{hook.pk}/{action}/").status_code == 404
        assert Webhook.objects.get().disabled_at is None

    def test_who_manages_sees_those_of_the_allocation_and_members_do_not(
        self, client: Client, pi: User, manager: User, allocation: Allocation
    ) -> None:
        hook = webhook_of(pi, scope=f"allocation.{allocation.pk}")
        assert client_of(manager).get(f"/profile/webhooks/{hook.pk}/").status_code == 200
        assert client.get(f"/profile/webhooks/{hook.pk}/").status_code == 404

    def test_a_member_asking_for_an_allocation_is_refused(
        self, client: Client, allocation: Allocation
    ) -> None:
        assert self.add(client, scope=f"allocation.{allocation.pk}").status_code == 403
        assert self.add(client, scope="allocation.99999").status_code == 403
        assert not Webhook.objects.exists()

    def test_a_new_secret_takes_the_place_of_the_old_one(self, client: Client, member: User) -> None:
        hook = webhook_of(member)
        before = unseal(hook.sealed_secret)
        page = client.post(f"/profile/webhooks/{hook.pk}/", {"new-secret": "1"}).content.decode()
        hook.refresh_from_db()
        after = unseal(hook.sealed_secret)
        assert after != before and after in page and before not in page

    def test_it_is_changed_tested_switched_and_removed(self, client: Client, member: User) -> None:
        hook = webhook_of(member)
        url = f"/profile/webhooks/{hook.pk}/"
        form = {"name": "other", "url": "https://other.example.edu/", "kinds": ["test.plain"]}
        assert client.post(url, form).status_code == 302
        hook.refresh_from_db()
        assert (hook.name, hook.url, hook.kinds) == ("other", "https://other.example.edu/", ["test.plain"])
        client.post(f"{url}test/")
        assert Sending.objects.get().kind == "webhook.test"
        client.post(f"{url}off/")
        client.post(f"{url}on/")
        assert Webhook.objects.get().disabled_at is None and Sending.objects.get().state == "failed"
        client.post(f"{url}remove/")
        assert not Webhook.objects.exists()
        actions = ["webhook.add", "webhook.change", "webhook.switch", "webhook.switch", "webhook.remove"]
        assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == actions

    def test_the_record_holds_no_secret_of_its_address(self, client: Client, member: User) -> None:
        self.add(client, url="https://hooks.example.edu/services/T0/B0/verysecret")
        assert "verysecret" not in str(list(AuditEvent.objects.values()))

    def test_there_are_at_most_so_many(self, client: Client) -> None:
        for _ in range(10):
            assert self.add(client).status_code == 200
        assert self.add(client).status_code == 409
        assert Webhook.objects.count() == 10

    def test_an_unknown_kind_or_action_is_refused(self, client: Client, member: User) -> None:
        assert self.add(client, kinds=["no.such"]).status_code == 422
        hook = webhook_of(member)
        assert client.post(f"/profile/webhooks/{hook.pk}/explode/").status_code == 404

    def test_what_a_strangers_server_wrote_stays_text(self, client: Client, member: User) -> None:
        hook = webhook_of(member)
        Sending.objects.create(
            webhook=hook, kind="test.plain", title="x", key="k", body="{}", answer="<script>a()</script>"
        )
        assert "<script>a()" not in client.get(f"/profile/webhooks/{hook.pk}/").content.decode()


class TestAnnouncements:
    def form(self, **more: str) -> dict[str, str]:
        words = {"text": "Maintenance on Tuesday", "level": "warning", "place": "", "url": ""}
        return {
            **words,
            "starts_at": "2020-01-01T00:00",
            "ends_at": "2020-06-01T00:00",
            "dismissable": "1",
            **more,
        }

    def during(self, **more: str) -> dict[str, str]:
        now = timezone.now()
        times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
        return self.form(**{name: f"{at:%Y-%m-%dT%H:%M}" for name, at in times.items()}, **more)

    def test_everybody_sees_it_while_it_lasts(
        self, staff: Client, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        client.get("/profile/")
        with django_capture_on_commit_callbacks(execute=True):
            assert staff.post("/operator/announcements/", self.during()).status_code == 302
        assert "Maintenance on Tuesday" in client.get("/profile/").content.decode()
        assert "Maintenance on Tuesday" in Client().get("/").content.decode()
        assert AuditEvent.objects.filter(action="announcement.publish").count() == 1

    def test_one_that_is_over_or_has_not_begun_is_not_seen(self, client: Client, operator: User) -> None:
        now = timezone.now()
        announce(
            operator, text="Over by now", starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1)
        )
        announce(operator, text="Not yet", starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
        page = client.get("/profile/").content.decode()
        assert "Over by now" not in page and "Not yet" not in page

    def test_the_list_that_is_kept_for_all_does_not_outlive_the_times(
        self, client: Client, operator: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        announce(operator, ends_at=timezone.now() + timedelta(seconds=30))
        assert "Maintenance" in client.get("/profile/").content.decode()
        later = timezone.now() + timedelta(seconds=40)
        monkeypatch.setattr(timezone, "now", lambda: later)
        assert not announcing.shown_to(operator)

    @pytest.mark.parametrize("role", ["pi", "member", "stranger"])
    def test_only_operators_make_them(self, role: str, request: pytest.FixtureRequest) -> None:
        asking = client_of(request.getfixturevalue(role))
        assert asking.post("/operator/announcements/", self.during()).status_code == 403
        assert asking.get("/operator/announcements/").status_code == 403
        assert not Announcement.objects.exists()

    def test_it_reaches_those_whom_it_concerns(
        self, operator: User, member: User, newcomer: User, allocation: Allocation
    ) -> None:
        announce(operator, cloud="demo", region="IU", text="Only for IU")
        assert "Only for IU" in client_of(member).get("/profile/").content.decode()
        assert "Only for IU" not in client_of(newcomer).get("/profile/").content.decode()
        assert "Only for IU" not in Client().get("/").content.decode()
        assert "Only for IU" in client_of(operator).get("/profile/").content.decode()

    def test_another_region_is_not_concerned(self) -> None:
        here = [("demo", "IU")]
        assert announcing.concerns("demo", "", here) and announcing.concerns("", "", [])
        assert not announcing.concerns("demo", "TACC", here) and not announcing.concerns("campus", "", here)

    def test_a_preview_publishes_nothing(self, staff: Client) -> None:
        page = staff.post("/operator/announcements/", self.during(preview="1")).content.decode()
        assert "How it will look" in page and "Maintenance on Tuesday" in page
        assert not Announcement.objects.exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"text": ""},
            {"text": "x" * 501},
            {"level": "loud"},
            {"ends_at": "2019-01-01T00:00"},
            {"ends_at": "2030-01-01T00:00"},
            {"starts_at": "soon"},
            {"starts_at": "2020-13-45T00:00"},
            {"url": "javascript:alert(1)"},
            {"place": "no-such-cloud"},
            {"place": "demo/Atlantis"},
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, staff: Client, wrong: dict[str, str]) -> None:
        answer = staff.post("/operator/announcements/", self.form(**wrong))
        assert answer.status_code == 422 and "field-error" in answer.content.decode()
        assert not Announcement.objects.exists()

    def test_times_are_the_operators(self, staff: Client, operator: User) -> None:
        time_zones.choose(operator, "America/Chicago")
        staff.post(
            "/operator/announcements/", self.form(starts_at="2026-07-01T08:00", ends_at="2026-07-01T12:00")
        )
        found = Announcement.objects.get()
        assert found.starts_at.isoformat() == "2026-07-01T13:00:00+00:00"
        page = staff.get(f"/operator/announcements/{found.pk}/").content.decode()
        assert 'value="2026-07-01T08:00"' in page and "America/Chicago" in page

    def test_it_is_changed_and_ended_and_both_are_written_down(
        self, staff: Client, client: Client, operator: User, django_capture_on_commit_callbacks: Any
    ) -> None:
        found = announce(operator)
        staff.post(f"/operator/announcements/{found.pk}/", self.during(text="Wednesday, rather"))
        assert "Wednesday, rather" in client.get("/profile/").content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            staff.post(f"/operator/announcements/{found.pk}/end/")
        assert "Wednesday, rather" not in client.get("/profile/").content.decode()
        events = AuditEvent.objects.filter(action__startswith="announcement").order_by("id")
        assert [event.action for event in events] == [
            f"announcement.{what}" for what in ("publish", "change", "end")
        ]
        assert events[1].detail["before"]["text"] == "Maintenance on Tuesday"

    def test_one_that_had_not_begun_goes_without_a_trace_on_pages(
        self, staff: Client, operator: User
    ) -> None:
        now = timezone.now()
        found = announce(operator, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
        staff.post(f"/operator/announcements/{found.pk}/end/")
        assert not Announcement.objects.exists()

    def test_put_away_it_stays_away_for_that_person_alone(
        self, client: Client, pi: User, operator: User
    ) -> None:
        found = announce(operator)
        answer = client.post(f"/notices/announcements/{found.pk}/dismiss/", {"here": "/profile/"})
        assert answer.headers["Location"] == "/profile/"
        assert "Maintenance" not in client.get("/profile/").content.decode()
        assert "Maintenance" in client_of(pi).get("/profile/").content.decode()

    def test_one_that_must_be_seen_is_not_put_away(self, client: Client, operator: User) -> None:
        found = announce(operator, dismissable=False)
        assert "/dismiss/" not in client.get("/profile/").content.decode()
        client.post(f"/notices/announcements/{found.pk}/dismiss/")
        assert "Maintenance" in client.get("/profile/").content.decode()

    @pytest.mark.parametrize("here", ["https://evil.example/", "//evil.example", "javascript:x", ""])
    def test_putting_it_away_leads_nowhere_else(self, client: Client, operator: User, here: str) -> None:
        found = announce(operator)
        assert (
            client.post(f"/notices/announcements/{found.pk}/dismiss/", {"here": here}).headers["Location"]
            == "/"
        )

    def test_hostile_words_stay_words(self, client: Client, operator: User) -> None:
        announce(operator, text="<script>alert(1)</script>")
        assert "<script>alert" not in client.get("/profile/").content.decode()

    def test_a_service_is_as_strict_as_the_page(self, operator: User) -> None:
        with pytest.raises(PortalError) as refusal:
            announce(operator, url="ftp://x/")
        assert refusal.value.id == "notices:bad-announcement"


def test_telling_and_looking_it_up_agree(member: User) -> None:
    services.tell("test.plain", to=[member], key="a", title="t", text="x")
    assert services.told(["a", "b"], [member.pk]) == {"a"}
    assert services.told([], [member.pk]) == set()
