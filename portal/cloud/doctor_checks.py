"""What can be told of each cloud without any credential: Keystone, its clock, and the ways to sign in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from portal.cloud import breaker, websso
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.features import SERVICE_TITLES
from portal.core import doctor_http
from portal.core.doctor import Finding, Plan, broken, clean, degraded, note, ok, probe, under, untried
from portal.core.doctor_http import Answer

# Signed samples and one-use links are refused beyond five minutes.
_SKEW, _LARGE_SKEW = 5.0, 120.0


def chosen(plan: Plan) -> list[CloudConfig]:
    """The clouds to look at; ConfigError for a name that portal.yaml lacks."""
    return [clouds().cloud(plan.cloud)] if plan.cloud else list(clouds().clouds.values())


@probe("Clouds", place=110)
def keystones(plan: Plan) -> Iterator[Finding]:
    for cloud in chosen(plan):
        yield from under(f"Cloud {cloud.name}: {cloud.title}", _cloud(cloud, plan))


def _cloud(cloud: CloudConfig, plan: Plan) -> Iterator[Finding]:
    yield note("regions", ", ".join(cloud.regions))
    yield from _circuits(cloud)
    if not plan.network:
        yield untried("Keystone", f"{cloud.auth_url}: not tried without the network")
        return
    answer = doctor_http.ask(cloud.auth_url, verify=cloud.verify)
    yield from _keystone(cloud, answer)
    if not answer.status:
        return
    yield from _clock(answer)
    yield from _sign_in(cloud)


def _keystone(cloud: CloudConfig, answer: Answer) -> Iterator[Finding]:
    if not answer.status:
        todo = "Check auth_url in clouds.yaml, and the way there; for a certificate of your own name it with cacert."
        yield broken("Keystone", f"{cloud.auth_url}: {answer.trouble}", todo)
        return
    document = answer.json if isinstance(answer.json, dict) else {}
    version = document.get("version") if isinstance(document.get("version"), dict) else {}
    if answer.status == 200 and str((version or {}).get("id", "")).startswith("v3"):
        yield ok("Keystone", f"{cloud.auth_url} is version {clean((version or {}).get('id'), 20)}")
    else:
        todo = "auth_url has to be Keystone's own address with /v3 at the end, not a dashboard's."
        yield broken("Keystone", f"{cloud.auth_url} answers {answer.status} and is no Keystone v3", todo)


def _clock(answer: Answer) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        yield note("clock", "the cloud does not tell its time")
        return
    apart = abs((datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds())
    if apart < _SKEW:
        yield ok("clock", "the same as here")
        return
    told = broken if apart > _LARGE_SKEW else degraded
    todo = "Set the clocks by NTP: tokens seem to have ended, or never to end, and times on pages are wrong."
    yield told("clock", f"{apart:.0f} s apart from the one here", todo)


def _circuits(cloud: CloudConfig) -> Iterator[Finding]:
    """What the workers met lately."""
    for down in breaker.down(cloud.name, cloud.regions):
        title = SERVICE_TITLES.get(down.service, down.service)
        says = f"does not answer the workers since {down.since:%H:%M} UTC; they try it again every {breaker.REST:.0f} s"
        yield broken(
            f"{title} in {down.region}",
            says,
            "See the service's log at the cloud. What waits goes on by itself.",
        )


def _sign_in(cloud: CloudConfig) -> Iterator[Finding]:
    rules = cloud.portal.sign_in
    if "oidc_token" in rules.methods:
        yield _exchange(cloud)
    if "websso" in rules.methods:
        yield from _websso(cloud)
    others = [method for method in rules.methods if method not in ("oidc_token", "websso")]
    if others:
        yield note("sign-in", f"also by {', '.join(others)}: known to work only with somebody's own")


def _exchange(cloud: CloudConfig) -> Finding:
    """Without a token Apache answers 401 itself, where it guards the place."""
    rules = cloud.portal.sign_in
    provider, protocol = quote(rules.identity_provider, safe=""), quote(rules.protocol, safe="")
    path = f"/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth"
    url = cloud.federation_auth_url.rstrip("/") + path
    answer = doctor_http.ask(url, method="POST", verify=cloud.verify)
    name = "sign-in by token"
    if not answer.status:
        return broken(name, f"{url}: {answer.trouble}", "Check sign_in.federation_auth_url.")
    if answer.status == 401 and "bearer" in answer.headers.get("www-authenticate", "").lower():
        return ok(name, "the exchange asks for an access token, as it should")
    if answer.status == 401 and isinstance(answer.json, dict):
        todo = "Apache has to guard this address with mod_auth_openidc (OIDCOAuth…, AuthType oauth20 or auth-openidc)."
        return broken(name, "Keystone itself answers 401: nobody takes the access token there", todo)
    if answer.status == 401:
        return ok(name, "the exchange answers 401 without a token, as it should")
    if answer.status == 404:
        todo = f"Check sign_in.identity_provider ({rules.identity_provider}) and protocol ({rules.protocol})."
        return broken(name, "Keystone knows no such identity provider or protocol", todo)
    if answer.status >= 500:
        return broken(name, f"the exchange answers {answer.status}", "See Keystone's and Apache's log.")
    return degraded(
        name, f"the exchange answers {answer.status} without a token; 401 was to be expected", "Try it."
    )


def _websso(cloud: CloudConfig) -> Iterator[Finding]:
    url = websso.start_url(cloud)
    answer = doctor_http.ask(url, verify=cloud.verify)
    name = "sign-in at Keystone"
    yield note("trusted dashboard", f"Keystone has to trust {websso.return_url()} letter by letter")
    if not answer.status:
        yield broken(name, f"{url.partition('?')[0]}: {answer.trouble}", "Check sign_in.federation_auth_url.")
    elif 300 <= answer.status < 400:
        yield ok(
            name, "leads to the identity provider; whether it trusts this portal shows only after a sign-in"
        )
    elif answer.status == 401:
        todo = "Apache has to guard this address with mod_auth_openidc (AuthType openid-connect)."
        yield broken(name, "answers 401 instead of leading to the identity provider", todo)
    elif answer.status == 404:
        todo = "Check sign_in.protocol, identity_provider and websso_by_provider."
        yield broken(name, "Keystone has no such address", todo)
    else:
        yield degraded(
            name, f"answers {answer.status}; a redirect was to be expected", "Try it in a browser."
        )
