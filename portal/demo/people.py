"""`python -m portal.demo.people OIDC_JSON PEOPLE_JSON [class]`: signs the demo's people in once, so that each has an API token.

They go through the same functions as a person who comes from the identity provider, and connect to the demo cloud by its
password method. Prints the list of people as JSON; tokens that still work are kept.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from allocations.access import allocations_of  # noqa: E402  (models need the set-up above)
from portal.accounts import services, signin, tokens  # noqa: E402
from portal.accounts.adapter import rules  # noqa: E402
from portal.accounts.models import ApiToken, CloudLink, User  # noqa: E402
from portal.accounts.oidc import Refusal, claims_of  # noqa: E402
from portal.cloud.config import clouds  # noqa: E402
from portal.demo import budgets, classes  # noqa: E402
from portal.demo.decisions import decide  # noqa: E402

CLOUD = "demo"
PASSWORD = "demo"  # noqa: S105  (of the demo cloud's Keystone users; they exist on loopback only)
CONNECT_SECONDS = 60.0
TOKEN_DAYS = 90


def _signed_in(person: dict[str, Any], issuer: str) -> User | None:
    """None where the portal's own rules refuse the person: they are listed all the same."""
    claims = claims_of(person["claims"], {"iss": issuer, "sub": person["claims"]["sub"]}, rules())
    return None if isinstance(claims, Refusal) else signin.person(claims)


def _connect(user: User, name: str) -> None:
    if CLOUD not in clouds().clouds:
        return  # another cloud's configuration: people connect to it themselves, in their profile
    link = CloudLink.objects.filter(user=user, cloud=CLOUD).first()
    if link is None or link.state != CloudLink.State.CONNECTED:
        services.connect_with_password(
            user=user, cloud=CLOUD, username=name, password=PASSWORD, user_domain="Default", by=user
        )


def _wait(users: list[User]) -> None:
    end = time.monotonic() + CONNECT_SECONDS
    waiting = CloudLink.objects.filter(user__in=users, cloud=CLOUD, state=CloudLink.State.CONNECTING)
    while waiting.exists() and time.monotonic() < end:
        time.sleep(0.2)


def _token(user: User, kept: str) -> str:
    if kept and tokens.authenticate(kept):
        return kept
    return tokens.issue(user, "Demo", ApiToken.Scope.WRITE, TOKEN_DAYS)[1]


def _entry(person: dict[str, Any], user: User | None, kept: str) -> dict[str, Any]:
    return {
        "name": person["claims"]["name"],
        "sign_in": person["name"],
        "role": person["about"],
        "allocations": list(dict.fromkeys(found.project_name for found in allocations_of(user)))
        if user
        else [],
        "api_token": _token(user, kept) if user else "",
    }


def main(oidc_json: Path, people_json: Path, *, teaching: bool) -> None:
    announced = json.loads(oidc_json.read_text(encoding="utf-8"))
    before = json.loads(people_json.read_text(encoding="utf-8")) if people_json.exists() else []
    kept = {person["sign_in"]: person["api_token"] for person in before}
    found = [(person, _signed_in(person, announced["issuer"])) for person in announced["people"]]
    for person, user in found:
        if user is not None:
            _connect(user, person["name"])
    _wait([user for _, user in found if user is not None])
    budgets.seed()
    for person, user in found:
        if user is not None and person["name"] == "alice":
            decide(user)
    if teaching:
        by_name = {person["name"]: user for person, user in found if user is not None}
        if "carol" in by_name:
            classes.teach(by_name["carol"], [by_name[name] for name in ("dave",) if name in by_name])
    listed = [_entry(person, user, kept.get(person["name"], "")) for person, user in found]
    sys.stdout.write(json.dumps(listed, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), teaching="class" in sys.argv[3:])
