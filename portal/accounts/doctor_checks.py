"""Sign-in to the portal, the credentials that it holds, and with one of them what each cloud's services offer."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from portal.accounts import credentials
from portal.accounts.models import CloudCredential, CloudLink
from portal.cloud import doctor_services
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.doctor_checks import chosen
from portal.cloud.schema import Oidc
from portal.core import audit, doctor_http
from portal.core.doctor import Finding, Plan, broken, clean, degraded, note, ok, probe, under, untried

_SOON = timedelta(days=7)


@probe("Sign-in to the portal", place=100)
def identity_provider(plan: Plan) -> Iterator[Finding]:
    rules = clouds().oidc
    if rules is None:
        yield broken(
            "OpenID provider", "none is configured: nobody can sign in", "Add `oidc` to portal.yaml."
        )
        return
    callback = f"{settings.SITE_URL}/accounts/oidc/{rules.provider_id}/login/callback/"
    yield note("callback", f"the provider has to know {callback}")
    if not settings.OIDC_CLIENT_ID:
        yield broken("OIDC_CLIENT_ID", "is empty", "Set it to the id of the client that you registered.")
    if not settings.OIDC_CLIENT_SECRET:
        says = "is empty: right only for a client that is registered as public"
        yield note("OIDC_CLIENT_SECRET", says)
    if not plan.network:
        yield untried("discovery", f"{rules.issuer}: not tried without the network")
        return
    yield from _discovery(rules)


def _discovery(rules: Oidc) -> Iterator[Finding]:
    url = f"{rules.issuer.rstrip('/')}/.well-known/openid-configuration"
    answer = doctor_http.ask(url)
    found = answer.json
    if answer.status != 200 or not isinstance(found, dict):
        says = answer.trouble or f"answers {answer.status}, and no discovery document"
        yield broken("discovery", f"{url}: {says}", "Check oidc.issuer in portal.yaml, and the way there.")
        return
    if found.get("issuer") != rules.issuer:
        told = clean(found.get("issuer"), 100)
        todo = f"Write oidc.issuer as the provider says it: {told}"
        yield broken("issuer", f"the provider calls itself {told}, portal.yaml {rules.issuer}", todo)
    else:
        yield ok("issuer", f"{rules.issuer} calls itself so")
    wanted = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    missing = [name for name in wanted if not isinstance(found.get(name), str)]
    if missing:
        yield broken("endpoints", f"the document lacks {', '.join(missing)}", "Ask the provider's operators.")
    else:
        yield ok("endpoints", "authorization, token, userinfo and keys are named")
    yield from _abilities(found, rules)


def _abilities(found: dict[str, object], rules: Oidc) -> Iterator[Finding]:
    methods = found.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" in methods:
        yield ok("PKCE", "S256 is offered")
    else:
        says = "the provider does not say that it knows S256; the portal sends it, as providers may ignore it"
        yield note("PKCE", says)
    scopes = found.get("scopes_supported")
    unknown = [scope for scope in rules.scopes if isinstance(scopes, list) and scope not in scopes]
    if unknown:
        todo = "Take them out of oidc.scopes, or have them allowed for this client."
        yield degraded("scopes", f"the provider does not list {', '.join(unknown)}", todo)


@probe("Credentials", place=120)
def stored(plan: Plan) -> Iterator[Finding]:
    for cloud in chosen(plan):
        yield _counted(cloud)
        failing = CloudLink.objects.filter(cloud=cloud.name).exclude(error_id="").count()
        if failing:
            todo = "The profile pages of those people say why; the log of worker-background says more."
            yield degraded(cloud.name, f"connections that failed: {failing}", todo)


def _counted(cloud: CloudConfig) -> Finding:
    now = timezone.now()
    live = CloudCredential.objects.filter(cloud=cloud.name, revoked_at=None)
    expired = live.filter(expires_at__lte=now).count()
    refused = live.filter(refused_at__isnull=False).exclude(expires_at__lte=now).count()
    usable = live.filter(Q(expires_at=None) | Q(expires_at__gt=now), refused_at=None)
    soon = usable.filter(expires_at__lt=now + _SOON).count()
    says = f"{usable.count()} usable, {soon} of them end within 7 days; {expired} ended, {refused} refused"
    if not usable.exists():
        return note(cloud.name, f"{says}: nobody is connected, so nothing is read from this cloud")
    if refused > usable.count():
        todo = "Was Keystone's key store lost, or its clock set? Those people have to connect again."
        return degraded(cloud.name, says, todo)
    return ok(cloud.name, says)


@probe("Services", place=130)
def services(plan: Plan) -> Iterator[Finding]:
    for cloud in chosen(plan):
        yield from _services(cloud, plan)


def _services(cloud: CloudConfig, plan: Plan) -> Iterator[Finding]:
    title = f"Services of {cloud.name}"
    if not plan.network:
        yield from under(title, [untried("services", "not tried without the network")])
        return
    credential = _credential(cloud, plan.person)
    if credential is None:
        whose = f"{plan.person} has no usable credential" if plan.person else "nobody is connected"
        todo = f"Connect somebody in the profile, then: manage.py doctor --cloud {cloud.name} --as <their id>"
        says = f"not tried: only a token tells where they are, and {whose}"
        yield from under(title, [untried("services", says, todo)])
        return
    _leave_a_trace(credential)
    login = credentials.login_of(credential)
    who = f"{credential.user} in {credential.project_name}"
    for region in cloud.regions:
        yield from under(f"{title} in {region}, as {who}", doctor_services.examine(login, region))


def _credential(cloud: CloudConfig, person: str) -> CloudCredential | None:
    now = timezone.now()
    usable = CloudCredential.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), cloud=cloud.name, revoked_at=None, refused_at=None
    ).select_related("user")
    if person:
        usable = usable.filter(Q(user__access_id=person) | Q(user__username=person))
    return usable.order_by("-last_used_at", "-id").first()


def _leave_a_trace(credential: CloudCredential) -> None:
    """Whoever's credential it is can read that it was used, and for what."""
    audit.record(
        "credential.used-by-doctor",
        by=None,
        scope=f"user.{credential.user_id}",
        target_type="cloud_credential",
        target_id=credential.pk,
        target_name=credential.project_name,
        cloud=credential.cloud,
    )
