"""What people fill in on the profile pages."""

from typing import Any

from django import forms

from portal.accounts import cloud_files
from portal.accounts.cloud_files import Pasted, PastedPassword, Unreadable
from portal.accounts.models import ApiToken
from portal.accounts.tokens import LONGEST_DAYS
from portal.cloud.config import CloudConfig, clouds


def _text(**attributes: str) -> forms.TextInput:
    return forms.TextInput(
        {"class": "form-control", "autocomplete": "off", "spellcheck": "false", **attributes}
    )


def _secret() -> forms.PasswordInput:
    """Never sent back to the browser, and not offered to be kept by it."""
    return forms.PasswordInput({"class": "form-control", "autocomplete": "off"}, render_value=False)


class _Unreturned(forms.Textarea):
    """What was typed is not sent back with the form: it may hold a secret."""

    def format_value(self, value: Any) -> str:
        return ""


class TokenForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100, widget=_text(placeholder="laptop scripts"))
    scope = forms.ChoiceField(
        label="Scope",
        choices=[("read", "Read: list and look"), ("write", "Write: also launch, change and delete")],
        initial=ApiToken.Scope.READ,
        widget=forms.Select({"class": "form-select"}),
    )
    days = forms.IntegerField(
        label="Days it lives",
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=30,
        widget=forms.NumberInput({"class": "form-control"}),
    )


class PasswordForm(forms.Form):
    username = forms.CharField(label="User name", max_length=255, widget=_text())
    user_domain = forms.CharField(label="Domain", max_length=255, widget=_text())
    password = forms.CharField(label="Password", max_length=1024, strip=False, widget=_secret())


class ApplicationCredentialForm(forms.Form):
    """Id and secret, or a file that holds them. What was pasted is not sent back to the browser."""

    id = forms.CharField(label="Id", max_length=64, required=False, widget=_text())
    secret = forms.CharField(label="Secret", max_length=1024, required=False, strip=False, widget=_secret())
    upload = forms.FileField(
        label="Or the file clouds.yaml or openrc",
        required=False,
        widget=forms.FileInput({"class": "form-control"}),
    )
    pasted = forms.CharField(
        label="Or its text",
        max_length=cloud_files.LONGEST,
        required=False,
        strip=False,
        widget=_Unreturned(
            {"class": "form-control", "rows": "6", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    entry = forms.CharField(
        label="Entry, where a clouds.yaml has several for this cloud",
        max_length=255,
        required=False,
        widget=_text(),
    )

    def __init__(self, *args: Any, cloud: CloudConfig, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cloud = cloud

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        upload = given.get("upload")
        if upload is not None:
            self.login = self._of_file(upload.read(cloud_files.LONGEST + 1))
        elif given.get("pasted"):
            self.login = self._of_file(given["pasted"])
        elif given.get("id") and given.get("secret"):
            self.login = Pasted(self.cloud.name, given["id"].strip(), given["secret"].strip())
        else:
            raise forms.ValidationError("Give the id and the secret, or bring a file.")
        if isinstance(self.login, PastedPassword):
            _check_passwords_are_taken(self.login.cloud)
        return given

    def _of_file(self, content: str | bytes) -> Pasted | PastedPassword:
        addresses = {name: cloud.auth_url for name, cloud in clouds().clouds.items()}
        entry = str(self.cleaned_data.get("entry", ""))
        try:
            return cloud_files.read(content, addresses, wanted=self.cloud.name, entry=entry)
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from None


def _check_passwords_are_taken(name: str) -> None:
    cloud = clouds().cloud(name)
    if "password" not in cloud.portal.sign_in.methods:
        raise forms.ValidationError(
            f"It is for a name and password, with which this portal does not connect to {cloud.title}: make an "
            "application credential there, and bring its file."
        )
