"""The pages for one's own ssh, host keys and trust, for everybody who may see them and those who may not."""

import asyncssh
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation
from instances.models import Instance, Teammate
from instances.remote import authority, host_keys, offers, trust
from instances.remote.models import Certificate, HostKeyPin
from instances.remote.shown import as_json
from instances.services import consoles
from portal.accounts.models import User
from portal.core.errors import PortalError
from tests.cast import join, make_user
from tests.instances.remote.test_host_keys import end_of, new_key
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    made = machine(allocation, member, name="lab", public_address="149.165.1.9", host_keys=[new_key()])
    trust.launched(made, "exouser", authority.trusted())
    return made


def browser(person: User) -> Client:
    made = Client()
    made.force_login(person)
    return made


def path(name: str, lab: Instance, *more: object) -> str:
    return reverse(f"remote:{name}", args=[lab.pk, *more])


def page(person: User, name: str, lab: Instance, query: str = "") -> str:
    answer = browser(person).get(path(name, lab) + query)
    assert answer.status_code == 200
    return answer.content.decode()


class TestThePage:
    def test_it_has_the_command_with_the_host_key_and_never_a_way_around_it(
        self, lab: Instance, member: User
    ) -> None:
        text = page(member, "native", lab)
        assert f"HostKeyAlias=heliosphere-{lab.pk}" in text
        assert "StrictHostKeyChecking=yes" in text
        assert lab.host_keys[0].split()[1][:20] in text

    def test_a_machine_that_is_stopped_says_so_instead(self, lab: Instance, member: User) -> None:
        Instance.objects.update(status="SHUTOFF")
        text = page(member, "native", lab)
        assert "HostKeyAlias" not in text
        assert "stopped" in text

    def test_one_without_known_keys_leads_to_the_page_about_them(self, lab: Instance, member: User) -> None:
        Instance.objects.update(host_keys=[])
        text = page(member, "native", lab)
        assert path("host-keys", lab) in text and "HostKeyAlias" not in text

    def test_who_only_looks_is_offered_nothing_that_they_may_not(
        self, lab: Instance, reader: User, colleague: User
    ) -> None:
        for person in (reader, colleague):
            text = page(person, "native", lab)
            for name in ("certificate-sign", "teammate-add"):
                assert path(name, lab) not in text
            assert "data-begin" not in text

    def test_a_teammate_gets_certificates_and_keys_and_lets_in_nobody(
        self, lab: Instance, colleague: User, member: User
    ) -> None:
        Teammate.objects.create(instance=lab, user=colleague, granted_by=member, at=timezone.now())
        text = page(colleague, "native", lab)
        assert path("certificate-sign", lab) in text and "data-begin" in text
        assert path("teammate-add", lab) not in text and path("teammate-remove", lab) not in text

    def test_hostile_names_are_text(self, lab: Instance, member: User) -> None:
        Instance.objects.update(name="<script>alert(1)</script>", host_keys=['ssh-ed25519 AAAA"><script>'])
        text = page(member, "native", lab)
        assert "<script>alert" not in text and '"><script>' not in text

    @pytest.mark.parametrize("people", [1, 20])
    def test_any_number_of_teammates_takes_the_same_queries(
        self,
        lab: Instance,
        allocation: Allocation,
        member: User,
        people: int,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(people):
            friend = make_user(f"friend{number}")
            join(friend, allocation)
            Teammate.objects.create(instance=lab, user=friend, granted_by=member, at=timezone.now())
        client = browser(member)
        with django_assert_max_num_queries(36):
            client.get(path("native", lab))


class TestCertificates:
    def test_one_is_signed_listed_and_downloaded_by_its_person_only(
        self, lab: Instance, member: User, pi: User
    ) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
        client = browser(member)
        answer = client.post(path("certificate-sign", lab), {"public_key": key})
        assert answer.status_code == 302 and answer.headers["Location"].endswith("/ssh/#certificates")
        row = Certificate.objects.get()
        fetched = client.get(path("certificate", lab, row.pk))
        assert fetched.content.decode() == row.text
        assert fetched.headers["Content-Disposition"].endswith('-cert.pub"')
        assert path("certificate", lab, row.pk) in page(member, "native", lab)
        assert str(row.serial) in page(pi, "native", lab)
        assert path("certificate", lab, row.pk) not in page(pi, "native", lab)
        assert browser(pi).get(path("certificate", lab, row.pk)).status_code == 404

    def test_a_private_key_is_sent_back_with_words_and_not_repeated(
        self, lab: Instance, member: User
    ) -> None:
        private = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()
        answer = browser(member).post(path("certificate-sign", lab), {"public_key": private})
        assert answer.status_code == 422
        assert "must never leave your computer" in answer.content.decode()
        assert private.splitlines()[1] not in answer.content.decode()


class TestTeammates:
    def test_one_is_let_in_and_shut_out_by_a_click(
        self, lab: Instance, member: User, colleague: User
    ) -> None:
        client = browser(member)
        client.post(path("teammate-add", lab), {"person": colleague.pk})
        assert Teammate.objects.get().user == colleague
        assert str(colleague) in page(member, "native", lab)
        client.post(path("teammate-remove", lab), {"person": colleague.pk})
        assert not Teammate.objects.exists()

    @pytest.mark.parametrize("person", ["", "x", "1e3", "-1", "９", "99999999999999999999"])
    def test_nonsense_is_refused_in_words(self, lab: Instance, member: User, person: str) -> None:
        answer = browser(member).post(path("teammate-add", lab), {"person": person})
        assert answer.status_code == 422


class TestHostKeys:
    def shown(self, lab: Instance, key: str) -> str:
        return offers.page_for(lab.pk, key)

    def test_it_says_what_is_known_what_was_shown_and_what_that_means(
        self, lab: Instance, member: User
    ) -> None:
        key = new_key()
        text = browser(member).get(self.shown(lab, key)).content.decode()
        assert host_keys.fingerprint(lab.host_keys[0]) in text
        assert host_keys.fingerprint(key)[:-8] in text
        assert end_of(key) not in text, "it is to be read on the machine's screen"
        assert "rebuilt" in text and "stands between" in text

    def test_where_nothing_is_known_it_says_that(self, allocation: Allocation, member: User) -> None:
        bare = machine(allocation, member)
        text = browser(member).get(self.shown(bare, new_key())).content.decode()
        assert "a key that nobody has vouched for" in text

    def test_what_was_shown_cannot_be_made_up_in_an_address(
        self, lab: Instance, member: User, allocation: Allocation
    ) -> None:
        other = machine(allocation, member)
        of_another = self.shown(other, new_key()).split("?")[1]
        for query in ("?offered=ssh-ed25519%20AAAA", f"?{of_another}", "?offered=" + "x" * 5000):
            assert "Shown just now" not in page(member, "host-keys", lab, query)

    def test_who_compared_accepts_it_and_may_withdraw_it(self, lab: Instance, member: User) -> None:
        key, client = new_key(), browser(member)
        offered = self.shown(lab, key).split("offered=")[1].replace("%3A", ":")
        answer = client.post(path("host-keys", lab), {"offered": offered, "typed": end_of(key)})
        assert answer.status_code == 302
        assert host_keys.known(lab) == [key]
        assert f"accepted by {member}" in page(member, "host-keys", lab)
        client.post(path("host-key-end", lab, HostKeyPin.objects.get().pk))
        assert host_keys.known(lab) == lab.host_keys

    def test_who_did_not_compare_accepts_nothing(self, lab: Instance, member: User) -> None:
        offered = self.shown(lab, new_key()).split("offered=")[1].replace("%3A", ":")
        for given in ({"offered": offered, "typed": "12345678"}, {"offered": offered}, {"typed": "12345678"}):
            assert browser(member).post(path("host-keys", lab), given).status_code == 422
        assert not HostKeyPin.objects.exists()

    def test_a_teammate_or_a_reader_accepts_nothing(
        self, lab: Instance, colleague: User, reader: User, member: User
    ) -> None:
        Teammate.objects.create(instance=lab, user=colleague, granted_by=member, at=timezone.now())
        key = new_key()
        offered = self.shown(lab, key).split("offered=")[1].replace("%3A", ":")
        for person in (colleague, reader):
            answer = browser(person).post(path("host-keys", lab), {"offered": offered, "typed": end_of(key)})
            assert answer.status_code == 403
            assert 'name="typed"' not in browser(person).get(self.shown(lab, key)).content.decode()
        assert not HostKeyPin.objects.exists()

    def test_reading_the_console_again_is_asked_of_a_worker(
        self, lab: Instance, member: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[object, ...]] = []
        monkeypatch.setattr(consoles, "enqueue", lambda *what: asked.append(what))
        answer = browser(member).post(path("host-keys", lab), {"do": "read"})
        assert answer.status_code == 302
        assert asked == [("mirror.read_instance", str(lab.pk))]

    def test_the_failed_connection_leads_here(self, lab: Instance) -> None:
        problem = PortalError("remote:host-key", offered=new_key(), instance=str(lab.pk), name="lab")
        [repair] = [one for one in as_json(problem, lab)["repairs"] if "host-keys" in one["url"]]
        assert repair["url"].startswith(path("host-keys", lab) + "?offered=")


class TestTrust:
    def test_the_script_is_shown_to_be_read_with_its_reverse(
        self, allocation: Allocation, member: User
    ) -> None:
        foreign = machine(allocation, member, image_name="ubuntu-24.04")
        text = page(member, "trust", foreign)
        assert text.count("sudo sh -s &lt;&lt;") >= 2
        assert f"PRINCIPAL=&#x27;{foreign.pk}:ubuntu&#x27;" in text
        assert authority.trusted()[0].split()[1] in text
        assert "PRIVATE" not in text

    @pytest.mark.parametrize("login", ["x; reboot", "$(id)", "Ubuntu", "a" * 40])
    def test_a_login_that_is_none_makes_no_script(
        self, allocation: Allocation, member: User, login: str
    ) -> None:
        foreign = machine(allocation, member)
        answer = browser(member).get(path("trust", foreign), {"login": login})
        assert answer.status_code == 200
        assert "sudo sh -s" not in answer.content.decode() or login == "a" * 40
        done = browser(member).post(path("trust", foreign), {"login": login, "do": "installed"})
        assert done.status_code == 422 or login == "a" * 40

    def test_who_ran_it_by_hand_says_so_and_takes_it_back(self, allocation: Allocation, member: User) -> None:
        foreign, client = machine(allocation, member), browser(member)
        client.post(path("trust", foreign), {"login": "ubuntu", "do": "installed"})
        found = trust.of(foreign)
        assert found is not None and (found.login, found.how) == ("ubuntu", "installed")
        assert "takes the portal" in page(member, "trust", foreign)
        client.post(path("trust", foreign), {"do": "removed"})
        assert trust.of(foreign) is None

    def test_a_colleague_reads_that_they_may_not(self, lab: Instance, colleague: User) -> None:
        text = page(colleague, "trust", lab)
        assert "sudo sh -s" not in text
        assert browser(colleague).post(path("trust", lab), {"do": "removed"}).status_code == 403
        assert trust.of(lab) is not None
