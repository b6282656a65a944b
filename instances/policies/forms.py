"""Rules as people type them. What is missing or odd is said beside its field; the services check all of it again."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from instances.policies import holidays
from instances.policies.rules import (
    DAYS,
    IDLE_HOURS,
    AnyRules,
    DayHours,
    IdleRules,
    LeaseRules,
    ScheduleRules,
    usual_week,
)
from instances.policies.services import parse
from portal.accounts import time_zones
from portal.core.errors import PortalError

AWAY = [
    ("shelve", "Shelve: frees the host, costs nothing"),
    ("stop", "Stop: stays on its host, is up again in seconds, still costs"),
    ("suspend", "Suspend: frozen with its memory, still costs"),
]
WARNINGS = [(15, "15 minutes"), (30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours")]


class RulesForm(forms.Form):
    kind = ""

    def __init__(self, *args: Any, zone: ZoneInfo, for_default: bool = False, **kwargs: Any) -> None:
        self.zone, self.for_default = zone, for_default
        super().__init__(*args, **kwargs)
        self.rules: AnyRules | None = None

    def given(self) -> dict[str, Any]:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                self.rules = parse(self.kind, self.given())
            except PortalError as error:
                self.add_error(None, str(error.params.get("reason", error.problem.title)))
        return self.cleaned_data


class ScheduleForm(RulesForm):
    kind = "schedule"
    time_zone = forms.CharField(max_length=64, error_messages={"required": "Choose a time zone."})
    holidays = forms.CharField(max_length=holidays.MAX_TEXT, required=False, widget=forms.Textarea)
    action = forms.ChoiceField(choices=AWAY)
    again = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(len(DAYS)):
            self.fields[f"open_{number}"] = forms.BooleanField(required=False)
            self.fields[f"start_{number}"] = forms.TimeField(required=False)
            self.fields[f"end_{number}"] = forms.TimeField(required=False)

    @property
    def days(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "number": number,
                "open": self[f"open_{number}"],
                "start": self[f"start_{number}"],
                "end": self[f"end_{number}"],
            }
            for number, name in enumerate(DAYS)
        ]

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        if name not in time_zones.names():
            raise forms.ValidationError(f"“{name[:60]}” is no time zone such as America/Chicago.")
        return name

    def clean_holidays(self) -> list[str]:
        today = timezone.now().date()
        found = holidays.read(self.cleaned_data["holidays"], today)
        if found.complaints:
            raise forms.ValidationError(list(found.complaints[:5]))
        return [day.isoformat() for day in found.dates]

    def clean(self) -> dict[str, Any]:
        for day in self.days:
            number = day["number"]
            start, end = (self.cleaned_data.get(f"{edge}_{number}") for edge in ("start", "end"))
            if self.cleaned_data.get(f"open_{number}") and (start is None or end is None):
                self.add_error(f"start_{number}", f"Give the hours of {day['name']}.")
        return super().clean()

    def given(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "zone": data["time_zone"],
            "week": [self._day(number) for number in range(len(DAYS))],
            "holidays": data["holidays"],
            "action": data["action"],
            "again": data["again"],
        }

    def _day(self, number: int) -> DayHours | None:
        if not self.cleaned_data[f"open_{number}"]:
            return None
        start, end = (_minutes(self.cleaned_data[f"{edge}_{number}"]) for edge in ("start", "end"))
        return DayHours(start=start, end=end)


class LeaseForm(RulesForm):
    """`zone` is the person's: in it they type the end."""

    kind = "lease"
    date = forms.DateField(required=False)
    time = forms.TimeField(required=False)
    days = forms.IntegerField(min_value=1, max_value=730, required=False)
    extend_days = forms.IntegerField(min_value=1, max_value=365, required=False)
    longest_days = forms.IntegerField(min_value=1, max_value=1825, required=False)
    action = forms.ChoiceField(choices=[("shelve", "Shelve"), ("delete", "Delete")])

    def clean(self) -> dict[str, Any]:
        if self.for_default and not self.cleaned_data.get("days") and "days" not in self.errors:
            self.add_error("days", "Give the number of days.")
        if not self.for_default and not self.cleaned_data.get("date") and "date" not in self.errors:
            self.add_error("date", "Give the day on which it ends.")
        return super().clean()

    def given(self) -> dict[str, Any]:
        data = self.cleaned_data
        found: dict[str, Any] = {"action": data["action"]}
        if self.for_default:
            found |= {"days": data["days"], "longest_days": data["longest_days"]}
        else:
            wall = datetime.combine(data["date"], data["time"] or time(18))
            found["until"] = wall.replace(tzinfo=self.zone).astimezone(ZoneInfo("UTC"))
        if data["extend_days"]:
            found["extend_days"] = data["extend_days"]
        return found


class IdleForm(RulesForm):
    kind = "idle"
    hours = forms.TypedChoiceField(
        coerce=int, choices=[(hours, "1 hour" if hours == 1 else f"{hours} hours") for hours in IDLE_HOURS]
    )
    warn_minutes = forms.TypedChoiceField(coerce=int, choices=WARNINGS)
    action = forms.ChoiceField(choices=AWAY)

    def given(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("hours", "warn_minutes", "action")}


FORMS: dict[str, type[RulesForm]] = {"schedule": ScheduleForm, "lease": LeaseForm, "idle": IdleForm}


def first_values(kind: str, rules: AnyRules | None, zone: ZoneInfo) -> dict[str, Any]:
    """What a form begins with: the rules that hold, or what most people want."""
    if isinstance(rules, LeaseRules):
        return _lease_values(rules, zone)
    if isinstance(rules, IdleRules):
        return rules.model_dump()
    if kind == "lease":
        return {"action": "shelve", "days": 30, "extend_days": 14, "time": time(18)}
    if kind == "idle":
        return IdleRules().model_dump()
    return _schedule_values(rules if isinstance(rules, ScheduleRules) else usual_week(zone.key))


def _lease_values(rules: LeaseRules, zone: ZoneInfo) -> dict[str, Any]:
    local = rules.until.astimezone(zone) if rules.until else None
    return {
        **rules.model_dump(exclude={"until", "delete_by"}),
        "date": local.date() if local else None,
        "time": local.time() if local else time(18),
    }


def _schedule_values(rules: ScheduleRules) -> dict[str, Any]:
    usual = next(day for day in rules.week if day is not None)
    found: dict[str, Any] = {
        "time_zone": rules.zone,
        "holidays": "\n".join(day.isoformat() for day in rules.holidays),
        "action": rules.action,
        "again": rules.again,
    }
    for number, day in enumerate(rules.week):
        shown = day or usual
        found[f"open_{number}"] = day is not None
        found[f"start_{number}"] = _clock(shown.start)
        found[f"end_{number}"] = _clock(shown.end)
    return found


def _minutes(value: time) -> int:
    return value.hour * 60 + value.minute


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
