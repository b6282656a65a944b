"""Signing in and connecting on a real Keystone with federation, in a real browser: every way in, and every refusal.

    python -m tests.lab.federation http://localhost:8431 [--shots DIR] [--only NAME ...]

Run by hand (docs/operations.md says how), as it needs the lab of shared/lab/openstack with federation.sh and a portal on
it that signs in there. It gives and takes roles, disables erin's account and the identity provider, and stops daemons,
each for moments.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.conftest import FLAGS
from tests.lab import federation_cloud as cloud
from tests.lab.federation_page import Visitor

Scenario = Callable[[Visitor], None]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


@scenario
def a_person_with_an_account_is_connected_by_signing_in(visitor: Visitor) -> None:
    visitor.sign_in("alice")
    visitor.sees("The portal acts there as alice", "BIO220047")
    visitor.shot("exchange-alice")


@scenario
def a_person_with_an_account_goes_to_the_clouds_page(visitor: Visitor) -> None:
    visitor.sign_in("alice")
    visitor.disconnects()
    visitor.goes_to_the_cloud("alice")
    visitor.sees("The portal acts there as alice", "BIO220047")
    assert not any("gAAAA" in address for address in visitor.addresses)
    visitor.shot("websso-alice")


@scenario
def an_ephemeral_person_with_a_role_of_a_group_is_told_what_can_be_done(visitor: Visitor) -> None:
    visitor.sign_in("faye")
    visitor.sees("lets you in through a group only", "TRA220028", "authorization_ttl")
    visitor.goes_to_the_cloud("faye")
    visitor.sees("lets you in through a group only", "knows you as faye@access-ci.org")
    visitor.shot("group-only")


@scenario
def with_a_time_to_live_a_role_of_a_group_is_enough(visitor: Visitor) -> None:
    with cloud.authorization_ttl(minutes=60):
        visitor.sign_in("faye")
        visitor.sees("The portal acts there as faye@access-ci.org", "TRA220028")
        visitor.disconnects()


@scenario
def somebody_without_any_project_is_told_so(visitor: Visitor) -> None:
    visitor.sign_in("newbie")
    visitor.sees("There is no project")
    visitor.goes_to_the_cloud("newbie")
    visitor.sees("knows you as newbie@access-ci.org", "There is no project")
    visitor.shot("no-project")
    visitor.page.goto(visitor.url)
    visitor.shot("no-project-home")


@scenario
def an_ephemeral_person_given_a_role_and_losing_it_and_getting_it_back(visitor: Visitor) -> None:
    visitor.sign_in("newbie")
    with cloud.role("newbie@access-ci.org", "TRA220028"):
        visitor.goes_to_the_cloud("newbie")
        visitor.sees("The portal acts there as newbie@access-ci.org", "TRA220028")
        visitor.shot("ephemeral-with-role")
    visitor.presses("Renew")
    visitor.sees("refused by the cloud")
    visitor.shot("role-gone")
    with cloud.role("newbie@access-ci.org", "TRA220028"):
        visitor.goes_to_the_cloud("newbie")
        visitor.sees("The portal acts there as newbie@access-ci.org")
        visitor.waits_until(lambda: len(cloud.credentials_of("newbie@access-ci.org")) == 1, "one credential")
        visitor.disconnects()
        visitor.waits_until(lambda: not cloud.credentials_of("newbie@access-ci.org"), "no credential left")


@scenario
def somebody_elses_session_at_the_cloud_is_asked_about(visitor: Visitor) -> None:
    visitor.sign_in("alice")
    visitor.forgets_the_provider()
    visitor.goes_to_the_cloud("bob")
    visitor.sees("says that you are bob. Is that your account?", "So far the portal acted there as alice")
    visitor.shot("whose")
    visitor.presses("No, forget that sign-in")
    visitor.sees("Not connected as bob", "The portal acts there as alice")


@scenario
def an_origin_that_is_not_trusted_leaves_the_person_there(visitor: Visitor) -> None:
    visitor.sign_in("alice")
    visitor.changes_the_origin("http://localhost:9/auth/websso/")
    visitor.is_left_at_the_cloud("alice", "requires authentication")
    visitor.finds_the_reason()


@scenario
def who_cancels_at_the_provider_is_left_there(visitor: Visitor) -> None:
    visitor.sign_in("newbie")
    visitor.forgets_the_provider()
    visitor.is_left_at_the_cloud("", "access_denied")
    visitor.finds_the_reason()
    visitor.shot("cancelled")


@scenario
def a_disabled_account_is_told_both_ways(visitor: Visitor) -> None:
    with cloud.disabled_account("erin"):
        visitor.sign_in("erin")
        visitor.sees("The cloud has no account for you")
        visitor.shot("disabled")
        visitor.is_left_at_the_cloud("erin", "requires authentication")
        visitor.finds_the_reason()


@scenario
def a_provider_that_the_cloud_switched_off_is_told_both_ways(visitor: Visitor) -> None:
    with cloud.disabled_provider():
        visitor.sign_in("dave")
        visitor.sees("The cloud has switched this identity provider off")
        visitor.is_left_at_the_cloud("dave", "not authorized")
        visitor.finds_the_reason()


@scenario
def who_cancels_the_portals_own_sign_in_is_told(visitor: Visitor) -> None:
    visitor.begins_to_sign_in()
    visitor.chooses("")
    visitor.reads("Sign-in cancelled")
    visitor.shot("sign-in-cancelled")


@scenario
def federation_that_is_down_is_tried_again_until_it_is_back(visitor: Visitor) -> None:
    visitor.begins_to_sign_in()
    with cloud.stopped("apache-federation"):
        visitor.chooses("alice")
        visitor.page.wait_for_url(f"{visitor.url}/**")
        visitor.opens_clouds()
        visitor.sees("No answer yet")
        visitor.shot("federation-down")
        visitor.presses_the_button()
        visitor.finds_no_page()
        visitor.finds_the_reason()
    visitor.sees("The portal acts there as alice", seconds=120)


@scenario
def a_provider_that_is_down_is_told_at_the_sign_in(visitor: Visitor) -> None:
    visitor.page.goto(visitor.url)
    with cloud.stopped("oidc-provider"):
        visitor.presses("Sign in with CILogon")
        visitor.reads("The identity provider does not answer")
        visitor.shot("provider-down")


@scenario
def the_gateway_tells_the_other_refusals_apart(visitor: Visitor) -> None:
    full, small = cloud.access_token("alice"), cloud.access_token("alice", scope="openid")
    short = cloud.access_token("alice", client="portal-short")
    assert cloud.exchange(full) == "alice"
    assert cloud.exchange(small) == "cloud:federation-claims"
    assert cloud.exchange(full, identity_provider="nobody") == "cloud:federation-set-up"
    assert cloud.exchange(full, protocol="saml2") == "cloud:federation-set-up"
    time.sleep(6)
    assert cloud.exchange(short) == "cloud:federation-token"


def a_token_that_ended_before_the_cloud_answered_is_told(visitor: Visitor) -> None:
    """For a portal that runs as the client portal-short, whose access tokens last five seconds."""
    visitor.begins_to_sign_in()
    with cloud.stopped("apache-federation"):
        visitor.chooses("alice")
        visitor.page.wait_for_url(f"{visitor.url}/**")
        visitor.opens_clouds()
        visitor.sees("The connection took too long")
        visitor.shot("token-ended")


def run(browser: Browser, name: str, url: str, shots: Path | None) -> bool:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    visitor = Visitor(context.new_page(), url, shots)
    began = time.monotonic()
    try:
        SCENARIOS[name](visitor)
    except (AssertionError, Error) as error:
        visitor.shot(f"failed-{name}")
        sys.stdout.write(f"FAILED {name}: {str(error)[:1500]}\n")
        return False
    finally:
        context.close()
    sys.stdout.write(f"passed {name} ({time.monotonic() - began:.1f} s)\n")
    sys.stdout.flush()
    return True


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--only", nargs="+", choices=sorted(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument(
        "--short", action="store_true", help="the portal runs as portal-short: only what is for that"
    )
    given = parser.parse_args()
    if given.short:
        SCENARIOS["short"] = a_token_that_ended_before_the_cloud_answered_is_told
        given.only = ["short"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        passed = [run(browser, name, given.url, given.shots) for name in given.only]
        browser.close()
    sys.stdout.write(f"{sum(passed)} of {len(passed)} passed\n")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
