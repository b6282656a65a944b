from typing import Any

from django import forms

from instances.remote.ports.wanted import LONGEST, NotAPort, Wanted, wanted_of


class PortForm(forms.Form):
    where = forms.CharField(max_length=LONGEST)
    tls = forms.BooleanField(required=False)
    outside = forms.BooleanField(required=False)

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
    def wanted(self) -> Wanted:
        found: Wanted = self.cleaned_data["wanted"]
        return found
