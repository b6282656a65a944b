"""Whether guests can send their samples."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from portal.cloud.config import clouds
from portal.core import doctor_http
from portal.core.doctor import Finding, Plan, broken, degraded, note, ok, probe, untried

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# What an unsigned sample is answered, and what a proxy says that leads to the portal but not to this address.
_REFUSED = (401, 400)


@probe("Samples of guests", place=140)
def push(plan: Plan) -> Iterator[Finding]:
    url = settings.METRICS_PUSH_URL
    if not url:
        yield note("METRICS_PUSH_URL", "is empty: graphs come from the console log, once a minute")
        return
    at_home = urlsplit(url).hostname in _LOOPBACK
    if at_home and any(
        urlsplit(cloud.auth_url).hostname not in _LOOPBACK for cloud in clouds().clouds.values()
    ):
        says = f"{url} is this machine alone: guests elsewhere cannot reach it"
        yield degraded("METRICS_PUSH_URL", says, "Set it to an address that guests reach, or leave it empty.")
    if not plan.network:
        yield untried("push", f"{url}: not tried without the network")
        return
    answer = doctor_http.ask(url, method="POST")
    if answer.status in _REFUSED:
        yield ok("push", f"{url} refuses what is not signed, as it should")
    elif answer.status:
        todo = "See whether the proxy leads POST /metrics/push to the web process."
        yield broken("push", f"{url} answers {answer.status}; 401 was to be expected", todo)
    else:
        todo = "Guests may reach it although this machine does not; else graphs come from the console log."
        yield degraded("push", f"{url}: {answer.trouble}", todo)
