"""What action dialogs ask for: the parameters of the action, and a typed name before what destroys."""

from collections.abc import Callable
from typing import Any

from django import forms

from instances import naming
from instances.choices import free_addresses, rebuild_choices, resize_choices
from instances.models import Instance
from instances.rows import Row

NEW_ADDRESS = "new"


class ActionForm(forms.Form):
    """An action without parameters. `params` is what the services take."""

    token = forms.CharField(max_length=64, required=False)
    confirm_name = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, row: Row, must_confirm: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.must_confirm = must_confirm

    @property
    def instance(self) -> Instance:
        return self.row.instance

    def clean_confirm_name(self) -> str:
        typed: str = self.cleaned_data["confirm_name"]
        if self.must_confirm and typed.strip() != self.instance.name.strip():
            raise forms.ValidationError(f"Type the name “{self.instance.name}” exactly, to be sure.")
        return typed

    def params(self) -> dict[str, Any]:
        return {}


class NameForm(ActionForm):
    """For rename and snapshot."""

    name = forms.CharField(max_length=naming.MAX_LENGTH, error_messages={"required": "Give a name."})

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if complaint := naming.complaint(name):
            raise forms.ValidationError(complaint)
        return name

    def params(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"]}


class ResizeForm(ActionForm):
    flavor_id = forms.CharField(max_length=255, error_messages={"required": "Choose a size."})

    def params(self) -> dict[str, Any]:
        return {"flavor_id": self.cleaned_data["flavor_id"]}


class RebuildForm(ActionForm):
    image_id = forms.CharField(max_length=255, error_messages={"required": "Choose an image."})

    def params(self) -> dict[str, Any]:
        return {"image_id": self.cleaned_data["image_id"]}


class AssignForm(ActionForm):
    address = forms.CharField(max_length=255, initial=NEW_ADDRESS)

    def params(self) -> dict[str, Any]:
        return {"address": self.cleaned_data["address"]}


class ReleaseForm(ActionForm):
    """`keep` is asked, as it is the exception: an address that nobody uses is wanted by others."""

    keep = forms.BooleanField(required=False)

    def params(self) -> dict[str, Any]:
        return {"release_address": not self.cleaned_data["keep"]}


class UnassignForm(ReleaseForm):
    def params(self) -> dict[str, Any]:
        return {"release": not self.cleaned_data["keep"]}


FORMS: dict[str, type[ActionForm]] = {
    "rename": NameForm,
    "snapshot": NameForm,
    "resize": ResizeForm,
    "rebuild": RebuildForm,
    "assign_address": AssignForm,
    "unassign_address": UnassignForm,
    "shelve": ReleaseForm,
    "delete": ReleaseForm,
}
_OFFERS: dict[str, Callable[[Instance], dict[str, Any]]] = {
    "resize": lambda instance: {"groups": resize_choices(instance)},
    "rebuild": lambda instance: {"images": rebuild_choices(instance)},
    "assign_address": lambda instance: {"addresses": free_addresses(instance.allocation)},
}


def form_for(action: str) -> type[ActionForm]:
    return FORMS.get(action, ActionForm)


def offers(action: str, instance: Instance) -> dict[str, Any]:
    """What the dialog of the action lets a person choose from."""
    found = _OFFERS.get(action)
    return found(instance) if found else {}


def first_values(action: str, instance: Instance) -> dict[str, Any]:
    """What the dialog shows before anything is typed."""
    match action:
        case "rename":
            return {"name": instance.name}
        case "snapshot":
            return {"name": f"{instance.name[:200].rstrip(' -')}-image"}
        case "rebuild":
            return {"image_id": instance.image_id}
        case _:
            return {"address": NEW_ADDRESS}
