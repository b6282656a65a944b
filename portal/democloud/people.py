"""The people of the demo: what CILogon says of them. Keystone's users of the same names are in seed.py."""

from dataclasses import dataclass
from typing import Any

ACCESS_IDP = "https://access-ci.org/idp"
MFA = "https://refeds.org/profile/mfa"


@dataclass(frozen=True)
class Person:
    name: str
    number: int
    given_name: str
    family_name: str
    about: str
    email: str
    groups: tuple[str, ...] = ()
    idp: str = ACCESS_IDP
    idp_name: str = "ACCESS"

    @property
    def sub(self) -> str:
        return f"http://cilogon.org/serverX/users/{self.number}"

    @property
    def eppn(self) -> str:
        return f"{self.name}@access-ci.org" if self.idp == ACCESS_IDP else f"{self.name}@evil.example"

    def claims(self) -> dict[str, Any]:
        return {
            "eppn": self.eppn,
            "idp": self.idp,
            "idp_name": self.idp_name,
            "email": self.email,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "name": f"{self.given_name} {self.family_name}",
            "acr": MFA,
            "affiliation": "member@access-ci.org;affiliate@access-ci.org",
            "is_member_of": list(self.groups),
        }


PEOPLE = (
    Person(
        "alice",
        20001,
        "Alice",
        "Moreau",
        "Principal investigator of BIO220047 and CIS220046",
        "alice@example.edu",
        ("ACCESS:BIO220047:pi", "ACCESS:CIS220046:pi"),
    ),
    Person(
        "bob",
        20002,
        "Bob",
        "Okafor",
        "Member of BIO220047, principal investigator of PHY220011",
        "bob@example.edu",
        ("ACCESS:BIO220047:member", "ACCESS:PHY220011:pi"),
    ),
    Person(
        "carol",
        20003,
        "Carol",
        "Ångström",
        "Instructor of TRA220028",
        "carol@example.edu",
        ("ACCESS:TRA220028:pi",),
    ),
    Person(
        "dave",
        20004,
        "Dave",
        "Brandt",
        "Student in TRA220028, member of CIS220046",
        "dave@example.edu",
        ("ACCESS:TRA220028:member", "ACCESS:CIS220046:member"),
    ),
    Person(
        "olivia",
        20005,
        "Olivia",
        "Chen",
        "Operator of the portal",
        "olivia@example.edu",
        ("heliosphere:operator",),
    ),
    Person("newbie", 20006, "Nia", "Novak", "New to ACCESS, no allocation yet", "newbie@example.edu"),
    Person(
        "mallory",
        20666,
        "Mallory",
        "Stark",
        "From an identity provider that the portal does not accept",
        "mallory@evil.example",
        ("ACCESS:BIO220047:pi",),
        idp="https://evil.example/idp",
        idp_name="Evil Example",
    ),
)
