"""What the dialogs of budgets, limits and groups ask for."""

from collections.abc import Sequence
from typing import Any

from django import forms

from allocations.budgets import hooks, overview_rows
from allocations.budgets.models import Budget, Group, Limits, Step
from allocations.budgets.services import Place, Terms
from allocations.budgets.services_people import Bounds
from allocations.models import Allocation, Grant
from portal.accounts.models import User
from portal.cloud.config import clouds

_SPENT = [value for value in Grant.Resource if value not in (Grant.Resource.STORAGE, Grant.Resource.OTHER)]
RESOURCES = [("", "All resources"), *((value.value, str(value.label)) for value in _SPENT)]
DEFAULT = "default"


def _select() -> forms.Select:
    return forms.Select({"class": "form-select"})


def _number(**attributes: str) -> forms.NumberInput:
    return forms.NumberInput({"class": "form-control", "inputmode": "decimal", **attributes})


def _day() -> forms.DateInput:
    return forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d")


def _check() -> forms.CheckboxInput:
    return forms.CheckboxInput({"class": "form-check-input"})


class TermsForm(forms.Form):
    """Everything about a budget but whom it is set on."""

    su = forms.DecimalField(
        label="Service units (SU)", min_value=0, max_digits=16, decimal_places=3, widget=_number(step="any")
    )
    period = forms.ChoiceField(
        label="In each", choices=Budget.Period.choices, initial="month", widget=_select()
    )
    resource = forms.ChoiceField(label="Of", choices=RESOURCES, required=False, widget=_select())
    hard = forms.ChoiceField(
        label="When it is spent",
        choices=[("1", "Hard: nothing new is started"), ("0", "Soft: more may be spent")],
        initial="1",
        widget=_select(),
    )
    at_80 = forms.ChoiceField(label="At 80 %", choices=Step.choices, required=False, widget=_select())
    at_90 = forms.ChoiceField(label="At 90 %", choices=Step.choices, required=False, widget=_select())
    at_100 = forms.ChoiceField(label="At 100 %", choices=Step.choices, required=False, widget=_select())
    grace_minutes = forms.IntegerField(
        label="Minutes between warning and shelving", min_value=5, max_value=20_160, widget=_number(step="1")
    )
    valid_from = forms.DateField(label="First day", required=False, widget=_day())
    valid_to = forms.DateField(label="Last day", required=False, widget=_day())
    tell_managers = forms.BooleanField(
        label="Tell those who manage the allocation too", required=False, widget=_check()
    )

    def terms(self) -> Terms:
        given = self.cleaned_data
        return Terms(**{**given, "hard": given["hard"] == "1"})


def first_terms(budget: Budget | None = None) -> dict[str, Any]:
    """What the form begins with."""
    if budget is None:
        return {
            "at_80": "tell",
            "at_90": "tell",
            "at_100": "tell",
            "grace_minutes": 60,
            "tell_managers": True,
        }
    names = TermsForm.base_fields
    return {name: getattr(budget, name) for name in names} | {"hard": "1" if budget.hard else "0"}


class PlaceForm(forms.Form):
    """Whom or what a budget is set on."""

    place = forms.ChoiceField(label="For", widget=_select())

    def __init__(self, *args: Any, allocation: Allocation, machines: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {f"user:{user.pk}": user for user in overview_rows.people(allocation)}
        self._groups = {f"group:{one.pk}": one for one in Group.objects.filter(allocation=allocation)}
        held = sorted(hooks.machines([allocation.pk]), key=lambda one: one.name) if machines else []
        self._machines = {f"machine:{one.id}": f"{one.name} ({one.owner_name})" for one in held}
        field = self.fields["place"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (DEFAULT, "Each member without one of their own"),
            *self._options("Groups", {key: str(group) for key, group in self._groups.items()}),
            *self._options("Members", {key: str(user) for key, user in self._people.items()}),
            *self._options("Machines", self._machines),
        ]

    def _options(self, title: str, found: dict[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
        return [(title, list(found.items()))] if found else []

    def chosen(self) -> Place:
        key = self.cleaned_data["place"]
        if key in self._people:
            return Place(user=self._people[key])
        if key in self._groups:
            return Place(group=self._groups[key])
        return Place(machine_id=key.partition(":")[2]) if key in self._machines else Place()


class PeopleForm(forms.Form):
    """Several members at once."""

    people = forms.MultipleChoiceField(
        label="Members", required=False, widget=forms.CheckboxSelectMultiple({"class": "form-check-input"})
    )

    def __init__(self, *args: Any, allocation: Allocation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(user.pk): user for user in overview_rows.people(allocation)}
        field = self.fields["people"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, str(user)) for key, user in self._people.items()]

    def chosen(self) -> Sequence[User]:
        return [self._people[key] for key in self.cleaned_data["people"]]


class GroupForm(PeopleForm):
    name = forms.CharField(
        label="Name", max_length=80, widget=forms.TextInput({"class": "form-control", "autocomplete": "off"})
    )
    field_order = ["name", "people"]


class BoundsForm(forms.Form):
    max_vcpus = forms.IntegerField(
        label="vCPUs of one machine, at most", min_value=0, required=False, widget=_number()
    )
    max_ram_gb = forms.IntegerField(
        label="GB of RAM of one machine, at most", min_value=0, required=False, widget=_number()
    )
    max_machines = forms.IntegerField(
        label="Machines of one person, at most (shelved ones count)",
        min_value=0,
        required=False,
        widget=_number(),
    )
    max_gpus = forms.IntegerField(
        label="GPUs of one person at a time (0: none)", min_value=0, required=False, widget=_number()
    )
    flavor_groups = forms.MultipleChoiceField(
        label="Only sizes of these groups (none chosen: all)",
        required=False,
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )
    lifetime_hours = forms.IntegerField(
        label="Hours that a machine lives from when it was made",
        min_value=1,
        max_value=87_600,
        required=False,
        widget=_number(),
    )
    shelve_at_end = forms.BooleanField(
        label="Shelve it then (else its owner is only told)", required=False, widget=_check()
    )

    def __init__(self, *args: Any, allocation: Allocation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["flavor_groups"]
        assert isinstance(field, forms.MultipleChoiceField)
        groups = clouds().cloud(allocation.cloud).portal.flavor_groups
        field.choices = [(group.name, group.title) for group in groups]

    def bounds(self) -> Bounds:
        given = self.cleaned_data
        return Bounds(**{**given, "flavor_groups": tuple(given["flavor_groups"])})


def first_bounds(limits: Limits | None) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in BoundsForm.base_fields} if limits else {}
