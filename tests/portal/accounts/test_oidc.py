"""Claims → a person, or the rule that refuses them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.oidc import GroupClaim, LoginClaims, Refusal, claims_of, group_claims
from portal.cloud.schema import ClaimNames, Oidc

ISSUER = "https://cilogon.org"
ACCESS = "https://access-ci.org/idp"
MFA = "https://refeds.org/profile/mfa"
RULES = Oidc.model_validate(
    {
        "issuer": ISSUER,
        "title": "CILogon",
        "allowed_idps": [ACCESS],
        "id_title": "ACCESS ID",
        "help": "See the help page.",
        "access_id_pattern": r"^(?P<name>[^@\s]+)@access-ci\.org$",
        "group_pattern": r"^ACCESS:(?P<grant>[A-Z]{3}\d{6}):(?P<role>pi|member)$",
        "operator_groups": ["heliosphere:operator"],
        "operator_assurance": [MFA],
    }
)
ID_TOKEN = {"iss": ISSUER, "sub": "http://cilogon.org/serverX/users/20001", "aud": "heliosphere"}
ALICE = {
    "sub": "http://cilogon.org/serverX/users/20001",
    "eppn": "alice@access-ci.org",
    "idp": ACCESS,
    "idp_name": "ACCESS",
    "email": "alice@example.edu",
    "given_name": "Alice",
    "family_name": "Ångström",
    "name": "Alice Ångström",
    "acr": MFA,
    "is_member_of": ["ACCESS:BIO220047:pi", "other:group"],
}


def accepted(userinfo: dict[str, Any], rules: Oidc = RULES) -> LoginClaims:
    found = claims_of(userinfo, ID_TOKEN, rules)
    assert isinstance(found, LoginClaims), found
    return found


def refused(userinfo: dict[str, Any], id_token: dict[str, Any] = ID_TOKEN, rules: Oidc = RULES) -> Refusal:
    found = claims_of(userinfo, id_token, rules)
    assert isinstance(found, Refusal), found
    return found


def test_a_person_is_issuer_and_subject_with_what_else_is_known() -> None:
    claims = accepted(ALICE)
    assert (claims.issuer, claims.subject) == (ISSUER, ALICE["sub"])
    assert claims.access_id == "alice@access-ci.org"
    assert claims.login_name == "alice"
    assert claims.display_name == "Alice Ångström"
    assert (claims.idp, claims.idp_name, claims.assurance) == (ACCESS, "ACCESS", MFA)
    assert claims.groups == ("ACCESS:BIO220047:pi", "other:group")


def test_everything_but_subject_idp_and_id_may_be_missing() -> None:
    claims = accepted({key: ALICE[key] for key in ("sub", "eppn", "idp")})
    assert (claims.email, claims.display_name, claims.groups, claims.operator) == ("", "", (), False)


def test_without_a_name_claim_the_parts_make_the_name() -> None:
    assert accepted({**ALICE, "name": None}).display_name == "Alice Ångström"


@pytest.mark.parametrize("idp", ["https://evil.example/idp", "", None, ACCESS + "/", [ACCESS]])
def test_another_identity_provider_is_refused_by_name_of_the_rule(idp: object) -> None:
    assert refused({**ALICE, "idp": idp}).problem == "accounts:wrong-idp"


def test_a_hint_is_no_policy_where_no_provider_is_named_every_one_is_accepted() -> None:
    rules = RULES.model_copy(update={"allowed_idps": ()})
    assert accepted({**ALICE, "idp": "https://evil.example/idp"}, rules).idp == "https://evil.example/idp"


@pytest.mark.parametrize(
    "eppn", [None, "", "alice@iu.edu", "alice@access-ci.org.evil.example", "alice smith@access-ci.org", 7]
)
def test_without_an_access_id_nobody_comes_in(eppn: object) -> None:
    refusal = refused({**ALICE, "eppn": eppn})
    assert refusal.problem == "accounts:no-access-id"
    assert refusal.params["id_title"] == "ACCESS ID"
    assert refusal.params["help"] == "See the help page."


def test_the_access_id_may_be_in_another_claim() -> None:
    rules = RULES.model_copy(update={"claims": ClaimNames(access_id="sub")})
    person = {**ALICE, "sub": "bob@access-ci.org"}
    found = claims_of(person, {**ID_TOKEN, "sub": "bob@access-ci.org"}, rules)
    assert isinstance(found, LoginClaims)
    assert (found.subject, found.access_id, found.login_name) == (
        "bob@access-ci.org",
        "bob@access-ci.org",
        "bob",
    )


def test_an_id_token_of_another_person_is_refused() -> None:
    assert refused(ALICE, {**ID_TOKEN, "sub": "somebody-else"}).problem == "accounts:bad-answer"


def test_an_id_token_of_another_issuer_is_refused() -> None:
    assert refused(ALICE, {**ID_TOKEN, "iss": "https://evil.example"}).problem == "accounts:bad-answer"


def test_a_trailing_slash_makes_no_other_issuer() -> None:
    assert isinstance(claims_of(ALICE, {**ID_TOKEN, "iss": ISSUER + "/"}, RULES), LoginClaims)


@pytest.mark.parametrize("sub", [None, "", "   ", 20001])
def test_without_a_subject_nobody_comes_in(sub: object) -> None:
    assert refused({**ALICE, "sub": sub}, {"iss": ISSUER, "sub": sub}).problem == "accounts:bad-answer"


def test_operators_are_named_by_group_and_need_the_assurance() -> None:
    staff = {**ALICE, "is_member_of": ["heliosphere:operator"]}
    assert accepted(staff).operator
    assert not accepted({**staff, "acr": "https://refeds.org/profile/sfa"}).operator
    assert not accepted(ALICE).operator


def test_groups_may_come_as_one_text() -> None:
    joined = {**ALICE, "is_member_of": "ACCESS:BIO220047:pi; heliosphere:operator,, ACCESS:BIO220047:pi"}
    assert accepted(joined).groups == ("ACCESS:BIO220047:pi", "heliosphere:operator")


def test_claims_lose_control_characters_and_excess_length() -> None:
    claims = accepted({**ALICE, "name": "Al\x00ice\n\x1b[31m" + "x" * 999})
    assert claims.display_name.startswith("Alice[31mxxx")
    assert len(claims.display_name) == 255


def test_group_claims_follow_the_operators_pattern() -> None:
    groups = [
        "ACCESS:BIO220047:pi",
        "ACCESS:TRA220028:member",
        "ACCESS:TRA220028:owner",
        "xACCESS:BIO220047:pi",
    ]
    assert group_claims(groups, RULES) == (GroupClaim("BIO220047", "pi"), GroupClaim("TRA220028", "member"))
    assert group_claims(groups, RULES.model_copy(update={"group_pattern": None})) == ()


words = st.text("aZ@.-/:\x00\n", max_size=12)
anything = (
    st.none()
    | st.integers()
    | words
    | st.lists(words, max_size=3)
    | st.dictionaries(words, words, max_size=2)
)


@given(
    st.dictionaries(st.sampled_from([*ALICE, "iss"]), anything),
    st.dictionaries(st.sampled_from(["sub", "iss"]), anything),
)
def test_whatever_a_provider_sends_the_answer_is_a_person_or_a_refusal(
    userinfo: dict[str, Any], id_token: dict[str, Any]
) -> None:
    found = claims_of(userinfo, id_token, RULES)
    if isinstance(found, LoginClaims):
        assert found.subject
        assert found.idp == ACCESS
        assert found.access_id.endswith("@access-ci.org")
