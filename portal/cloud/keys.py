"""Keys of outside services. They are in the environment (or in files it names), under names that portal.yaml tells."""

from django.core.exceptions import ImproperlyConfigured

from portal import env


def key(name: str) -> str:
    """The key in the variable NAME, or in the file that NAME_FILE names; empty where there is none."""
    if not name:
        return ""
    try:
        return env.secret(name, "").strip()
    except ImproperlyConfigured:
        return ""
