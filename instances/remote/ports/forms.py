from typing import Any

from django import forms

from instances.remote.link import Secret
from instances.remote.ports.wanted import LONGEST, NotAPort, Wanted, wanted_of

MOST_KEY = 64 * 1024
_LOGIN = r"^[a-z_][a-z0-9_.-]{0,31}$"


class PortForm(forms.Form):
    where = forms.CharField(max_length=LONGEST)
    tls = forms.BooleanField(required=False)
    outside = forms.BooleanField(required=False)
    # The person's own, for a machine that takes no certificate of the portal.
    login = forms.RegexField(_LOGIN, required=False)
    key_file = forms.FileField(required=False, max_length=255)
    key = forms.CharField(required=False, max_length=MOST_KEY)
    passphrase = forms.CharField(required=False, max_length=1024, strip=False)
    password = forms.CharField(required=False, max_length=1024, strip=False)

    def clean_key_file(self) -> str:
        given = self.cleaned_data["key_file"]
        if not given:
            return ""
        if given.size > MOST_KEY:
            raise forms.ValidationError("That file is too large to be a private key.")
        return str(given.read().decode("utf-8", "replace"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "where" in cleaned:
            try:
                cleaned["wanted"] = wanted_of(
                    cleaned["where"], tls=cleaned.get("tls", False), outside=cleaned.get("outside", False)
                )
            except NotAPort as error:
                self.add_error("where", str(error))
        return cleaned

    @property
    def secret(self) -> Secret | None:
        """None where neither a key nor a password was given."""
        given = self.cleaned_data
        key = given["key"].strip() or given["key_file"].strip()
        if not key and not given["password"]:
            return None
        return Secret(
            private_key=f"{key}\n" if key else "",
            passphrase=given["passphrase"],
            password=given["password"],
            login=given["login"],
        )

    @property
    def wanted(self) -> Wanted:
        found: Wanted = self.cleaned_data["wanted"]
        return found
