"""What the identity provider says about a person → who they are here, or why not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from portal.cloud.schema import Oidc

_LONGEST = 255
_MOST_GROUPS = 500


@dataclass(frozen=True, slots=True)
class LoginClaims:
    """A person as their provider describes them. `(issuer, subject)` is who they are, the rest is news."""

    issuer: str
    subject: str
    access_id: str
    login_name: str
    email: str
    display_name: str
    given_name: str
    family_name: str
    idp: str
    idp_name: str
    assurance: str
    groups: tuple[str, ...]
    operator: bool
    email_verified: bool = False
    visitor: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """`problem` is an id of the catalogue, `params` fill its words."""

    problem: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GroupClaim:
    """A group that speaks of a grant: its number, and the role in the provider's words."""

    grant: str
    role: str


def claims_of(userinfo: Mapping[str, Any], id_token: Mapping[str, Any], rules: Oidc) -> LoginClaims | Refusal:
    """Apply the operator's rules. Claims of the userinfo answer go before those of the ID token."""
    name = rules.claims
    claims = {**id_token, **userinfo}
    issuer = text(id_token.get("iss")) or rules.issuer
    subject = text(claims.get(name.subject))
    if not subject or issuer.rstrip("/") != rules.issuer.rstrip("/") or not _same_person(userinfo, id_token):
        return _refusal("accounts:bad-answer", "", rules)
    idp, idp_name = text(claims.get(name.idp)), text(claims.get(name.idp_name))
    if rules.allowed_idps and idp not in rules.allowed_idps:
        return _refusal("accounts:wrong-idp", idp_name or idp or "an unnamed identity provider", rules)
    access_id = text(claims.get(name.access_id))
    login_name = _login_name(access_id, rules)
    if login_name is None:
        return _refusal("accounts:no-access-id", idp_name or idp or rules.title, rules)
    groups = _groups(claims.get(name.groups))
    assurance = text(claims.get(name.assurance))
    return LoginClaims(
        issuer=issuer,
        subject=subject,
        access_id=access_id,
        login_name=login_name,
        email=text(claims.get(name.email)),
        display_name=_display_name(claims, rules),
        given_name=text(claims.get(name.given_name)),
        family_name=text(claims.get(name.family_name)),
        idp=idp,
        idp_name=idp_name,
        assurance=assurance,
        groups=groups,
        operator=_is_operator(groups, assurance, rules),
        email_verified=_is_verified(claims.get(name.email_verified), idp, rules),
    )


def visitor_of(
    userinfo: Mapping[str, Any], id_token: Mapping[str, Any], rules: Oidc
) -> LoginClaims | Refusal | None:
    """Somebody whom the rules refuse, as one who takes part in a workshop. None: not from there either.

    Their provider's word makes them nobody's member and nobody's operator, and what it calls them is no id of ours.
    """
    idp = text({**id_token, **userinfo}.get(rules.claims.idp))
    if idp not in rules.visitor_idps and "*" not in rules.visitor_idps:
        return None
    wider = rules.model_copy(update={"allowed_idps": (), "access_id_pattern": None})
    found = claims_of(userinfo, id_token, wider)
    if isinstance(found, Refusal):
        return found
    return replace(found, access_id="", groups=(), operator=False, visitor=True)


def group_claims(groups: Iterable[str], rules: Oidc) -> tuple[GroupClaim, ...]:
    """The grants that the groups speak of, by the operator's pattern. Other groups are passed over."""
    pattern = rules.group_pattern
    if pattern is None:
        return ()
    found = (pattern.fullmatch(group) for group in groups)
    return tuple(dict.fromkeys(GroupClaim(match["grant"], match["role"]) for match in found if match))


def text(value: object) -> str:
    """A claim as one clean line: providers are not trusted to send text, nor to send little of it."""
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:_LONGEST]


def _refusal(problem: str, idp: str, rules: Oidc) -> Refusal:
    words = {"idp": idp, "provider": rules.title, "id_title": rules.id_title, "help": rules.help}
    return Refusal(problem, words)


def _same_person(userinfo: Mapping[str, Any], id_token: Mapping[str, Any]) -> bool:
    """OpenID Connect Core 5.3.2: the `sub` of both must be the same, where there are both."""
    return "sub" not in userinfo or "sub" not in id_token or userinfo["sub"] == id_token["sub"]


def _login_name(access_id: str, rules: Oidc) -> str | None:
    """The name part of the ACCESS ID; None where the operator's rule is not met."""
    if rules.access_id_pattern is None:
        return access_id.partition("@")[0]
    match = rules.access_id_pattern.fullmatch(access_id)
    if match is None:
        return None
    return match.groupdict().get("name") or access_id


def _display_name(claims: Mapping[str, Any], rules: Oidc) -> str:
    name = rules.claims
    parts = f"{text(claims.get(name.given_name))} {text(claims.get(name.family_name))}".strip()
    return text(claims.get(name.name)) or parts[:_LONGEST]


def _groups(value: object) -> tuple[str, ...]:
    """A list of names, or one text of names between semicolons or commas, as providers send either."""
    given = value.replace(";", ",").split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return ()
    names = (text(item) for item in given[:_MOST_GROUPS])
    return tuple(dict.fromkeys(name for name in names if name))


def _is_verified(claim: object, idp: str, rules: Oidc) -> bool:
    """Some providers send the word instead of the value."""
    return claim is True or claim == "true" or (bool(idp) and idp in rules.email_idps)


def _is_operator(groups: tuple[str, ...], assurance: str, rules: Oidc) -> bool:
    staff = not set(groups).isdisjoint(rules.operator_groups)
    return staff and (not rules.operator_assurance or assurance in rules.operator_assurance)
