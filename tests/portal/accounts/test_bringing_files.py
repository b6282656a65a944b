"""A file that somebody brings connects the cloud that it is for, or says in words why not."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.accounts import forms as account_forms
from portal.accounts import stored_login
from portal.accounts.models import CloudLink, User
from portal.cloud.config import clouds
from portal.cloud.logins import AppCredentialLogin, PasswordLogin
from tests.cast import make_user

pytestmark = pytest.mark.django_db
PATH = "/profile/clouds/demo/connect/application_credential/"


@pytest.fixture
def browser(db: None) -> Client:
    made = Client()
    made.force_login(make_user("alice"), backend="django.contrib.auth.backends.ModelBackend")
    return made


def openrc(*lines: str) -> str:
    return "\n".join([f"export OS_AUTH_URL={clouds().cloud('demo').auth_url}", *lines])


CREDENTIAL = ("export OS_APPLICATION_CREDENTIAL_ID=abc", "export OS_APPLICATION_CREDENTIAL_SECRET=s3cret")
ASKING = ("export OS_USERNAME=bob", "read -sr OS_PASSWORD_INPUT", "export OS_PASSWORD=$OS_PASSWORD_INPUT")


def upload(browser: Client, content: bytes, **more: str) -> Any:
    return browser.post(PATH, {"upload": SimpleUploadedFile("openrc.sh", content), **more})


def login() -> Any:
    return stored_login.unpack(CloudLink.objects.get().sealed_login)


def complaint(answer: Any) -> str:
    assert answer.status_code == 422
    assert not CloudLink.objects.exists()
    return str(answer.context["form"].non_field_errors())


def test_an_uploaded_file_connects(browser: Client) -> None:
    assert upload(browser, openrc(*CREDENTIAL).encode("utf-16")).status_code == 302
    assert login() == AppCredentialLogin("demo", "abc", "s3cret")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x7fELF\x80", b"x" * 70_000, b""])
def test_what_is_no_such_file_is_refused_in_words(browser: Client, content: bytes) -> None:
    answer = upload(browser, content)
    assert answer.status_code == 422
    assert not CloudLink.objects.exists()


def test_the_secret_is_not_sent_back_with_a_form_that_was_refused(browser: Client) -> None:
    for form in ({"pasted": openrc(CREDENTIAL[1])}, {"secret": "s3cret"}):
        answer = browser.post(PATH, form)
        assert answer.status_code == 422
        assert b"s3cret" not in answer.content


def test_an_openrc_without_a_password_asks_for_it(browser: Client) -> None:
    answer = browser.post(PATH, {"pasted": openrc(*ASKING)})
    assert answer.status_code == 200
    assert b'value="bob"' in answer.content
    assert b'action="/profile/clouds/demo/connect/password/"' in answer.content
    assert not CloudLink.objects.exists()


def test_one_with_a_password_connects_by_it(browser: Client) -> None:
    answer = browser.post(PATH, {"pasted": openrc("export OS_USERNAME=bob", "export OS_PASSWORD='p w'")})
    assert answer.status_code == 302
    assert login() == PasswordLogin("demo", "bob", "p w", "Default")


def test_where_passwords_are_not_taken_a_file_with_one_is_refused(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = clouds().cloud("demo")
    rules = demo.portal.sign_in.model_copy(update={"methods": ("application_credential",)})

    class Without:
        title = demo.title
        portal = demo.portal.model_copy(update={"sign_in": rules})

    class Known:
        clouds = {"demo": demo}

        def cloud(self, name: str) -> type[Without]:
            return Without

    monkeypatch.setattr(account_forms, "clouds", Known)
    answer = browser.post(PATH, {"pasted": openrc("export OS_USERNAME=bob", "export OS_PASSWORD=x")})
    assert "make an application credential" in complaint(answer)


def entry(name: str) -> str:
    secret = f"application_credential_id: {name}, application_credential_secret: x"
    return f'\n  {name}:\n    auth: {{auth_url: "{clouds().cloud("demo").auth_url}", {secret}}}'


def test_several_entries_are_named_and_one_is_chosen(browser: Client) -> None:
    text = "clouds:" + entry("one") + entry("two")
    assert "several logins: one, two" in complaint(browser.post(PATH, {"pasted": text}))
    assert browser.post(PATH, {"pasted": text, "entry": "two"}).status_code == 302
    assert login() == AppCredentialLogin("demo", "two", "x")


def test_a_cloud_that_is_not_configured_is_never_called(browser: Client) -> None:
    text = openrc(*CREDENTIAL).replace(clouds().cloud("demo").auth_url, "https://evil.example/v3")
    assert "does not know" in complaint(browser.post(PATH, {"pasted": text}))


def test_nobody_guesses_passwords_through_us(browser: Client) -> None:
    form = {"username": "bob", "password": "guess", "user_domain": "Default"}
    answers = [browser.post("/profile/clouds/demo/connect/password/", form).status_code for _ in range(21)]
    assert answers[:20] == [302] * 20
    assert answers[20] == 429
    assert User.objects.count() == 1
