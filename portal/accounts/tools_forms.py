"""What is filled in to have a credential made for one's own tools."""

from typing import Any

from django import forms

from portal.accounts.models import CloudCredential
from portal.cloud.config import clouds

ALL_ROLES = ""
USUAL_DAYS = 30
_SELECT = {"class": "form-select"}


class ToolForm(forms.Form):
    """`openers`: the projects that the person is connected to; a place is one of these in one region."""

    place = forms.ChoiceField(label="Where", widget=forms.Select(_SELECT))
    name = forms.CharField(
        label="Name",
        max_length=100,
        widget=forms.TextInput(
            {
                "class": "form-control",
                "placeholder": "my laptop",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )
    days = forms.IntegerField(
        label="Days it lives",
        min_value=1,
        initial=USUAL_DAYS,
        widget=forms.NumberInput({"class": "form-control num"}),
    )
    role = forms.ChoiceField(label="What it may do", required=False, widget=forms.Select(_SELECT))
    unrestricted = forms.BooleanField(
        label="It may make and delete other application credentials",
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, openers: list[CloudCredential], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.openers = openers
        self.places = {place_of(one, region): (one, region) for one in openers for region in _regions(one)}
        words = [(value, _words(*found)) for value, found in self.places.items()]
        self.fields["place"] = forms.ChoiceField(label="Where", choices=words, widget=forms.Select(_SELECT))
        self.fields["role"] = forms.ChoiceField(
            label="What it may do", choices=self._roles(), required=False, widget=forms.Select(_SELECT)
        )
        self.fields["days"].widget.attrs["max"] = longest_days(openers)

    def _roles(self) -> list[tuple[str, str]]:
        held = sorted({role for one in self.openers for role in one.roles})
        return [(ALL_ROLES, "Whatever I may do there"), *((role, f"Only as {role}") for role in held)]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "place" not in given:
            return given
        holder, _ = self.places[given["place"]]
        longest = clouds().cloud(holder.cloud).portal.sign_in.tool_days
        if given.get("days", 0) > longest:
            self.add_error("days", f"{clouds().cloud(holder.cloud).title} allows at most {longest} days.")
        if given.get("role") and given["role"] not in holder.roles:
            self.add_error("role", f"You do not have this role in {holder.project_name}.")
        return given

    def wanted(self) -> dict[str, Any]:
        """As `tools.ask` takes it."""
        given = self.cleaned_data
        holder, region = self.places[given["place"]]
        return {
            "cloud": holder.cloud,
            "project_id": holder.project_id,
            "region": region,
            "name": given["name"],
            "days": given["days"],
            "roles": [given["role"]] if given["role"] else [],
            "unrestricted": given["unrestricted"],
        }


def place_of(credential: CloudCredential, region: str) -> str:
    return f"{credential.cloud}/{credential.project_id}/{region}"


def longest_days(openers: list[CloudCredential]) -> int:
    return max((clouds().cloud(one.cloud).portal.sign_in.tool_days for one in openers), default=1)


def _regions(credential: CloudCredential) -> tuple[str, ...]:
    return clouds().cloud(credential.cloud).regions


def _words(credential: CloudCredential, region: str) -> str:
    cloud = clouds().cloud(credential.cloud)
    return f"{credential.project_name} at {cloud.title}, {cloud.region_title(region)}"
