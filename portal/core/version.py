"""The version of the portal, as it is installed."""

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("heliosphere")
    except PackageNotFoundError:
        return "0.1.0"


PORTAL_VERSION = _version()
