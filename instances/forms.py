"""The launch form. Whatever it lets through is checked again, against the mirror, by the services."""

from typing import Any

from django import forms

from instances import hooks_launch, naming
from instances.choices import LaunchChoices
from instances.services.keys import public_key_complaint
from instances.specs import MAX_COUNT, LaunchRequest

NO_KEY, NEW_KEY = "none", "new"
LARGEST_VOLUME_GB = 65536


class LaunchForm(forms.Form):
    """`key`: none, new (with `key_name` and `public_key`), or `key:` and the name of a key in the cloud."""

    image_id = forms.CharField(max_length=255, error_messages={"required": "Choose an operating system."})
    flavor_id = forms.CharField(max_length=255, error_messages={"required": "Choose a size."})
    name = forms.CharField(
        max_length=naming.MAX_LENGTH, error_messages={"required": "Give the machine a name."}
    )
    count = forms.IntegerField(min_value=1, max_value=MAX_COUNT, initial=1)
    disk = forms.ChoiceField(
        choices=[("image", "image"), ("volume", "volume")], initial="image", required=False
    )
    boot_volume_gb = forms.IntegerField(min_value=1, max_value=LARGEST_VOLUME_GB, required=False)
    network_id = forms.CharField(max_length=255, required=False)
    address = forms.ChoiceField(
        choices=[(value, value) for value in ("automatic", "existing", "none")], initial="automatic"
    )
    floating_ip_id = forms.CharField(max_length=255, required=False)
    key = forms.CharField(max_length=len("key:") + 255, initial=NO_KEY, required=False)
    key_name = forms.CharField(max_length=255, required=False)
    public_key = forms.CharField(max_length=16384, required=False)
    desktop = forms.BooleanField(required=False)
    boot_script = forms.CharField(max_length=32768, required=False, strip=False)
    token = forms.CharField(max_length=64, required=False)

    def __init__(self, *args: Any, choices: LaunchChoices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if complaint := naming.complaint(name):
            raise forms.ValidationError(complaint)
        return name

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if (
            given.get("disk") == "volume"
            and not given.get("boot_volume_gb")
            and "boot_volume_gb" not in self.errors
        ):
            self.add_error("boot_volume_gb", "Give the size of the root volume in GB.")
        if given.get("address") == "existing" and not given.get("floating_ip_id"):
            self.add_error("floating_ip_id", "Choose which public address to use.")
        if given.get("key") == NEW_KEY:
            self._clean_new_key(given)
        self._clean_size_of_version(given)
        return given

    def _clean_new_key(self, given: dict[str, Any]) -> None:
        if complaint := public_key_complaint(given.get("public_key", "")):
            self.add_error("public_key", complaint)
        if not given.get("key_name"):
            self.add_error("key_name", "Give the key a name, by which you find it again.")

    def _clean_size_of_version(self, given: dict[str, Any]) -> None:
        """Some versions of a system run on some sizes only, by the operator's configuration."""
        chosen = given.get("image_id"), given.get("flavor_id")
        for kind in self.choices.types:
            for version in kind.versions:
                if version.image.id == chosen[0] and version.flavor_ids is not None and chosen[1]:
                    if chosen[1] not in version.flavor_ids:
                        self.add_error(
                            "flavor_id", f"{kind.title} {version.label} does not run on this size."
                        )
                    return

    def request(self) -> LaunchRequest:
        """What was asked for, as far as it is valid: an unfinished form has a preview too."""
        given = self.cleaned_data
        key = given.get("key") or NO_KEY
        new = key == NEW_KEY
        return LaunchRequest(
            name=given.get("name", ""),
            count=given.get("count") or 1,
            image_id=_cloud_id(given.get("image_id")),
            flavor_id=_cloud_id(given.get("flavor_id")),
            boot_volume_gb=given.get("boot_volume_gb") if given.get("disk") == "volume" else None,
            network_id=_cloud_id(given.get("network_id")),
            address=given.get("address") or "automatic",
            floating_ip_id=_cloud_id(given.get("floating_ip_id")),
            key_name=given.get("key_name", "") if new else key.removeprefix("key:") if key != NO_KEY else "",
            public_key=given.get("public_key", "") if new else "",
            desktop=given.get("desktop", False),
            boot_script=given.get("boot_script", ""),
            extras=hooks_launch.read(self.data),
        )


def _cloud_id(value: str | None) -> str:
    """An id as clouds make them, else nothing: what is no id names nothing that could be launched."""
    given = value or ""
    return (
        given if all(letter.isascii() and (letter.isalnum() or letter in "._:-") for letter in given) else ""
    )


def first_choices(choices: LaunchChoices, image: str = "", size: str = "") -> dict[str, Any]:
    """What an untouched form has: the operator's first system, the smallest free size, the first key."""
    primary = sorted(choices.types, key=lambda kind: not kind.primary)
    versions = sorted(primary[0].versions, key=lambda version: not version.primary) if primary else []
    known = {found.id for found in choices.images}
    sizes = [flavor for group in choices.groups for flavor in group.flavors]
    free = [flavor.id for flavor in sizes if not flavor.blocked]
    wanted = [flavor.id for flavor in sizes if size in (flavor.id, flavor.name)]
    return {
        "image_id": image if image in known else versions[0].image.id if versions else "",
        "flavor_id": (wanted or free or [""])[0],
        "key": f"key:{choices.keys[0].name}" if choices.keys else NO_KEY,
        "name": naming.suggest_name(),
        "count": 1,
        "disk": "image",
        "address": "none" if "public-addresses" in choices.lacks else "automatic",
    }
