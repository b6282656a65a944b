"""What people fill in on the profile pages."""

from typing import Any

from django import forms

from portal.accounts import cloud_files
from portal.accounts.cloud_files import Pasted, Unreadable
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
    """Id and secret, or a file that holds them."""

    id = forms.CharField(label="Id", max_length=64, required=False, widget=_text())
    secret = forms.CharField(label="Secret", max_length=1024, required=False, strip=False, widget=_secret())
    pasted = forms.CharField(
        label="Or the text of clouds.yaml or openrc",
        max_length=cloud_files.LONGEST,
        required=False,
        widget=forms.Textarea(
            {"class": "form-control", "rows": "6", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, cloud: CloudConfig, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cloud = cloud

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("pasted"):
            self.credential = self._of_pasted(given["pasted"])
        elif given.get("id") and given.get("secret"):
            self.credential = Pasted(self.cloud.name, given["id"].strip(), given["secret"].strip())
        else:
            raise forms.ValidationError("Give the id and the secret, or paste a file.")
        return given

    def _of_pasted(self, text: str) -> Pasted:
        addresses = {name: cloud.auth_url for name, cloud in clouds().clouds.items()}
        try:
            return cloud_files.application_credential(text, addresses)
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from None
