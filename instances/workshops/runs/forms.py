"""What people type and choose on the pages of commands, files and work."""

from django import forms

from instances.workshops.runs.wanted import LONGEST_COMMAND


class RunForm(forms.Form):
    """At which seats: those with these numbers; none: all that are ready."""

    command = forms.CharField(max_length=LONGEST_COMMAND, strip=False)
    seats = forms.CharField(max_length=1000, required=False)
    as_root = forms.BooleanField(required=False)
    seconds = forms.IntegerField(min_value=5, max_value=86_400, required=False)

    def clean_seats(self) -> set[int]:
        """ "1-3, 7" → {1, 2, 3, 7}."""
        found: set[int] = set()
        for part in str(self.cleaned_data["seats"]).replace(";", ",").replace(" ", ",").split(","):
            first, dash, last = part.strip().partition("-")
            if not first:
                continue
            if not first.isdigit() or (dash and not last.isdigit()) or len(first + last) > 8:
                raise forms.ValidationError("Write numbers of seats, such as 1-3, 7.")
            low, high = int(first), int(last or first)
            if high - low > 1000 or len(found) > 1000:
                raise forms.ValidationError("These are more seats than a workshop has.")
            found |= set(range(low, high + 1))
        return found


class FileForm(forms.Form):
    file = forms.FileField(allow_empty_file=True)
    folder = forms.CharField(max_length=300, required=False, strip=True)
    unpack = forms.BooleanField(required=False)


class PlanForm(forms.Form):
    wanted = forms.BooleanField(required=False)
    patterns = forms.CharField(max_length=4000, required=False)
