"""Where Keystone's WebSSO begins and where it comes back to. Pure but for the site's own address."""

from urllib.parse import quote, urlsplit

from django.conf import settings

from portal.cloud.config import CloudConfig

RETURN_PATH = "/auth/websso/"
_DEFAULT_PORTS = {"https": 443, "http": 80}


def return_url() -> str:
    """What the operators of the cloud register as a trusted dashboard, letter by letter."""
    return f"{settings.SITE_URL}{RETURN_PATH}"


def start_url(cloud: CloudConfig) -> str:
    """The address at the cloud's Keystone at which a browser begins."""
    rules = cloud.portal.sign_in
    path = f"/auth/OS-FEDERATION/websso/{quote(rules.protocol, safe='')}"
    if rules.websso_by_provider:
        provider, protocol = quote(rules.identity_provider, safe=""), quote(rules.protocol, safe="")
        path = f"/auth/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/websso"
    return f"{cloud.federation_auth_url.rstrip('/')}{path}?origin={quote(return_url(), safe='')}"


def form_origins(cloud: CloudConfig) -> frozenset[str]:
    """The origins whose page may post a token of this cloud to us: Keystone's own, and what the operator adds."""
    given = (origin_of(address) for address in cloud.portal.sign_in.websso_form_origins)
    return frozenset({origin_of(cloud.federation_auth_url), *given} - {""})


def origin_of(address: str) -> str:
    """Scheme, host and port as a browser writes them in `Origin`; empty for what is no web address."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{shown}"
