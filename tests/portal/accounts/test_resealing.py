"""Keys rotate without anybody having to connect again."""

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from portal.accounts import credentials, services
from portal.accounts.models import CloudCredential, CloudLink, User
from portal.accounts.stored_login import unpack
from portal.cloud.connection import PasswordLogin
from portal.core import resealing, seal

pytestmark = pytest.mark.django_db


def test_after_resealing_the_old_key_can_go(member: User, settings: Settings) -> None:
    services.connect_with_password(
        user=member, cloud="demo", username="bob", password="pw", user_domain="Default", by=member
    )
    old = list(settings.SEAL_KEYS)
    settings.SEAL_KEYS = ["a new key of at least thirty-two characters", *old]
    call_command("reseal")
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    login = credentials.login_of(CloudCredential.objects.get(user=member))
    assert login.secret == "the-secret-of-the-credential"
    waiting = unpack(CloudLink.objects.get().sealed_login)
    assert isinstance(waiting, PasswordLogin)
    assert waiting.password == "pw"


def test_without_resealing_it_cannot(member: User, settings: Settings) -> None:
    settings.SEAL_KEYS = ["a new key of at least thirty-two characters"]
    with pytest.raises(Exception, match="seal"):
        credentials.login_of(CloudCredential.objects.get(user=member))


def test_a_secret_that_no_key_opens_is_counted_and_left(
    member: User, colleague: User, capsys: pytest.CaptureFixture[str]
) -> None:
    CloudCredential.objects.filter(user=colleague).update(sealed_secret="gAAAAlost")
    with pytest.raises(CommandError, match="1 secrets cannot be opened"):
        call_command("reseal")
    assert "1 secrets are sealed" in capsys.readouterr().out
    assert CloudCredential.objects.get(user=colleague).sealed_secret == "gAAAAlost"


def test_erased_secrets_stay_erased(member: User) -> None:
    CloudCredential.objects.update(sealed_secret="")
    call_command("reseal")
    assert CloudCredential.objects.get().sealed_secret == ""


def test_a_secret_renewed_while_keys_are_moved_is_not_put_back(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renewed_meanwhile(sealed: str) -> str:
        CloudCredential.objects.filter(user=member).update(sealed_secret=seal.seal("the renewed one"))
        return seal.reseal(sealed)

    monkeypatch.setattr(resealing, "reseal", renewed_meanwhile)
    tally = resealing.Tally()
    resealing.column(CloudCredential.objects.filter(user=member), "sealed_secret", tally)
    assert tally.moved == 0
    assert seal.unseal(CloudCredential.objects.get(user=member).sealed_secret) == "the renewed one"
