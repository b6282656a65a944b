"""The form of a workshop. Nothing typed is lost: what is wrong stays in its field, and all the rest can be kept as a draft."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone

from allocations.models import Allocation
from instances.workshops.clock.repeating import BadTimes
from instances.workshops.courses import dates, sharing
from instances.workshops.courses.parameters import BadValues, Parameter, fill, with_values
from instances.workshops.courses.wanted import LONGEST_TEXT, Wanted, read
from portal.accounts import time_zones

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WHEN = [("once", "Once"), ("days", "On several days"), ("weekly", "Every week")]
START_UP = [
    ("shell", "A shell in the browser"),
    ("desktop", "A desktop in the browser"),
    ("port", "A web application of the machine"),
]
BETWEEN = [
    ("shelve", "Shelve the machines: costs nothing, back within minutes"),
    ("stop", "Stop them: back in seconds, still costs a part"),
    ("keep", "Keep them running: costs as in class"),
]
_PLAIN = (
    *("title", "summary", "image_id", "flavor_id", "start_up", "start_path", "login", "time_zone"),
    *("repository_url", "repository_ref", "hand_out", "house_rules", "between"),
)
_NUMBERS = ("seats", "spares", "su_cap", "ready_minutes", "tail_minutes", "keep_days", "start_port")
_BOXES = ("desktop", "sudo")
# Where a complaint about a field of `Wanted` is shown.
_SHOWN_AT = {
    "meetings": "when",
    "data": "share_hosts",
    "admits": "domains",
    "boot_volume_gb": "boot_volume_gb",
}


def _text(most: int = 255, **more: Any) -> forms.CharField:
    return forms.CharField(max_length=most, required=False, **more)


def _whole(least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(min_value=least, max_value=most, required=False)


class WorkshopForm(forms.Form):
    title = _text(120)
    summary = _text(2000)
    seats = _whole(0, 1000)
    spares = _whole(0, 200)
    when = forms.ChoiceField(choices=WHEN, required=False)
    day = forms.DateField(required=False)
    begins = forms.TimeField(required=False)
    ends = forms.TimeField(required=False)
    days = _text(dates.LONGEST, strip=False)
    until = forms.DateField(required=False)
    without = _text(200_000)
    weekdays = forms.TypedMultipleChoiceField(
        choices=[(number, name) for number, name in enumerate(WEEKDAYS)],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    time_zone = _text(64)
    image_id = _text()
    flavor_id = _text()
    disk = forms.ChoiceField(choices=[("image", "image"), ("volume", "volume")], required=False)
    boot_volume_gb = _whole(1, 65536)
    start_up = forms.ChoiceField(choices=START_UP, required=False)
    desktop = forms.BooleanField(required=False)
    start_port = _whole(1, 65535)
    start_path = _text()
    hand_out = _text(LONGEST_TEXT, strip=False)
    house_rules = _text(LONGEST_TEXT, strip=False)
    steps = _text(8000)
    boot_script = _text(32768, strip=False)
    repository_url = _text(500)
    repository_ref = _text(100)
    login = _text(32)
    sudo = forms.BooleanField(required=False)
    kept = forms.TypedMultipleChoiceField(
        choices=[(number, number) for number in range(8)], coerce=int, required=False
    )
    volume_id = _text(64)
    volume_folder = _text(40)
    share_protocol = forms.ChoiceField(choices=[("nfs", "NFS"), ("cephfs", "CephFS")], required=False)
    share_hosts = _text(500)
    share_path = _text(255)
    share_folder = _text(40)
    share_user = _text(64)
    share_key = _text(200)
    entry = forms.ChoiceField(
        choices=[("link", "Whoever has the link"), ("roster", "Only people on the roster")], required=False
    )
    domains = _text(2000)
    approve = forms.BooleanField(required=False)
    guests = forms.BooleanField(required=False)
    helpers = _text(4000)
    between = forms.ChoiceField(choices=BETWEEN, required=False)
    keep_days = _whole(0, 60)
    ready_minutes = _whole(0, 240)
    tail_minutes = _whole(0, 240)
    su_cap = forms.DecimalField(min_value=0, max_digits=14, decimal_places=2, required=False)
    course = _text(64)
    template = _text(64)

    def __init__(
        self,
        *args: Any,
        allocation: Allocation,
        parameters: Sequence[Parameter] = (),
        data_before: Sequence[Mapping[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.parameters = parameters
        self.data_before = data_before
        self.allocation = allocation
        self.wanted = Wanted()
        self.values: dict[str, str] = {}

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        if name and name not in time_zones.names():
            raise forms.ValidationError(f"“{name[:60]}” is no time zone such as America/Chicago.")
        return name

    def clean(self) -> dict[str, Any]:
        """`wanted` is what of it is right; the errors of the form are the rest."""
        data = self.cleaned_data
        given: dict[str, Any] = {name: data[name] for name in _PLAIN if name in data and self._sent(name)}
        given |= {name: data[name] for name in _NUMBERS if name in data and self._sent(name)}
        given |= {name: data[name] for name in _BOXES}
        given = {name: value for name, value in given.items() if value is not None or name in _MAY_BE_NONE}
        if self._sent("title") and not given.get("title"):
            given.pop("title", None)
            self._complain("title", "Give it a title, by which people find it.")
        if self._sent("boot_script"):
            given["boot_script"] = data.get("boot_script", "").replace("\r\n", "\n")
        given["boot_volume_gb"] = data.get("boot_volume_gb") if data.get("disk") == "volume" else None
        if data.get("disk") == "volume" and not data.get("boot_volume_gb"):
            self._complain("boot_volume_gb", "Give the size of the root volume in GB.")
        if given.get("start_up") == "port" and not given.get("start_port"):
            self._complain("start_port", "Give the port on which the web application listens.")
            given.pop("start_up")
        if given.get("start_up") == "desktop":
            given["desktop"] = True
        if self._sent("steps"):
            given["steps"] = [line.strip() for line in data.get("steps", "").splitlines() if line.strip()]
        given["admits"] = self._admits(data)
        self._times(given)
        self._data(given)
        self.wanted, wrong = read(given)
        for name, complaint in wrong.items():
            self._complain(name, complaint)
        self._values()
        return data

    def _sent(self, name: str) -> bool:
        return name in self.data

    def _complain(self, name: str, text: str) -> None:
        field = _SHOWN_AT.get(name, name)
        self.add_error(field if field in self.fields else None, text)

    def _admits(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "roster_only": data.get("entry") == "roster",
            "domains": data.get("domains", "").replace(",", " ").split(),
            "approve": bool(data.get("approve")),
            "guests": bool(data.get("guests")),
        }

    def _times(self, given: dict[str, Any]) -> None:
        """A form in which no day was given yet has no meetings, and nothing is wrong with that."""
        if not any(self.data.get(name) for name in ("day", "days")):
            given["meetings"] = []
            return
        try:
            weekdays = self.cleaned_data.get("weekdays") or ()
            found = dates.read(self.cleaned_data, list(map(int, weekdays)), timezone.now().date())
        except BadTimes as wrong:
            if not {"day", "begins", "ends", "until"} & set(self.errors):
                self._complain("meetings", str(wrong))
            return
        given["meetings"] = [
            {"day": one.day, "begins": one.begins, "ends": one.ends, "title": one.title} for one in found
        ]

    def _data(self, given: dict[str, Any]) -> None:
        kept = [self.data_before[number] for number in self._kept() if number < len(self.data_before)]
        try:
            given["data"] = sharing.of_form(self.allocation, kept, self.cleaned_data)
        except sharing.BadData as wrong:
            self._complain(wrong.field, str(wrong))

    def _kept(self) -> list[int]:
        return [int(number) for number in self.cleaned_data.get("kept") or ()]

    def _values(self) -> None:
        sent = {one.name: self.data.get(f"p_{one.name}", "") for one in self.parameters}
        if self.parameters:
            self.values, wrong = fill(self.parameters, sent)
            try:
                with_values(self.wanted.boot_script or "", self.values)
            except BadValues as error:
                self._complain("boot_script", str(error))
                right = self.wanted.model_dump(exclude_unset=True, exclude={"boot_script"})
                self.wanted = Wanted.model_validate(right)
            for name, complaint in wrong.items():
                title = next(one.title for one in self.parameters if one.name == name)
                self.add_error(None, f"{title}: {complaint}")


_MAY_BE_NONE = frozenset({"su_cap", "start_port"})
