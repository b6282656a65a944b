"""The plan of memberships: from the cloud's projects, the claims, and what is held now."""

from hypothesis import given
from hypothesis import strategies as st

from allocations.mapping import Claimed, Granted, Held, Plan, Seat, pending, plan
from allocations.roles import MAY

ROLES = {"manager": "manager", "member": "member", "reader": "reader"}
BIO = ("IU", "p-bio")


def granted(*roles: str, name: str = "BIO220047", region: str = "IU", project: str = "p-bio") -> Granted:
    return Granted(region, project, name, roles)


def held(role: str = "member", source: str = "keystone", region: str = "IU", project: str = "p-bio") -> Held:
    return Held(region, project, role, source)


def role_of(found: Plan) -> str:
    (seat,) = found.add
    return seat.role


def test_a_project_at_the_cloud_makes_a_member() -> None:
    assert plan([granted("member")], [], [], ROLES).add == (Seat(BIO, "member", "keystone"),)


def test_a_claim_without_a_project_makes_nobody_a_member_and_is_pending() -> None:
    found = plan([], [Claimed("BIO220047", "pi")], [], ROLES)
    assert (found.add, found.pending) == ((), ("BIO220047",))


def test_a_claim_names_the_role_of_a_member() -> None:
    found = plan([granted("member")], [Claimed("bio220047", "pi")], [], ROLES)
    assert found.add == (Seat(BIO, "pi", "claim"),)
    assert found.pending == ()


def test_a_claim_for_another_grant_says_nothing() -> None:
    assert role_of(plan([granted("member")], [Claimed("TRA220028", "pi")], [], ROLES)) == "member"


def test_a_claim_never_promises_more_than_the_cloud_lets_in() -> None:
    assert role_of(plan([granted("reader")], [Claimed("BIO220047", "pi")], [], ROLES)) == "reader"


def test_a_weaker_claim_takes_nothing_from_what_the_cloud_says() -> None:
    assert role_of(plan([granted("manager")], [Claimed("BIO220047", "member")], [], ROLES)) == "manager"


def test_the_strongest_of_several_roles_counts() -> None:
    assert role_of(plan([granted("reader", "member", "manager")], [], [], ROLES)) == "manager"
    claims = [Claimed("BIO220047", "member"), Claimed("BIO220047", "allocation_manager")]
    assert role_of(plan([granted("member")], claims, [], ROLES)) == "manager"


def test_a_role_that_the_operator_did_not_map_lets_look_only() -> None:
    assert role_of(plan([granted("load-balancer_member")], [], [], ROLES)) == "reader"
    assert role_of(plan([granted()], [], [], ROLES)) == "reader"


def test_a_project_that_is_gone_ends_the_membership() -> None:
    assert plan([], [Claimed("BIO220047", "pi")], [held("pi", "claim")], ROLES).end == (BIO,)


def test_a_login_that_shows_one_project_ends_nothing() -> None:
    found = plan([granted("member")], [], [held(), held(project="p-tra")], ROLES, complete=False)
    assert found == Plan((), (), (), ())


def test_a_role_given_in_the_portal_stays_while_the_cloud_lets_in() -> None:
    assert plan([granted("member")], [], [held("ta", "portal")], ROLES) == Plan((), (), (), ())
    assert plan([], [], [held("ta", "portal")], ROLES).end == (BIO,)
    assert plan([granted("reader")], [], [held("ta", "portal")], ROLES).change == (
        Seat(BIO, "reader", "keystone"),
    )


def test_a_changed_role_is_a_change_not_an_end() -> None:
    found = plan([granted("manager")], [], [held("member")], ROLES)
    assert found == Plan((), (Seat(BIO, "manager", "keystone"),), (), ())


def test_each_region_of_a_project_is_its_own_allocation() -> None:
    found = plan([granted("member"), granted("member", region="TACC")], [], [held()], ROLES)
    assert found.add == (Seat(("TACC", "p-bio"), "member", "keystone"),)


def test_pending_names_each_grant_once() -> None:
    claims = [Claimed("A", "pi"), Claimed("B", "member"), Claimed("A", "member")]
    assert pending(claims, {"b"}) == ("A",)


projects = st.builds(
    Granted,
    region=st.sampled_from(["IU", "TACC"]),
    project_id=st.sampled_from(["p1", "p2", "p3"]),
    project_name=st.sampled_from(["AAA000001", "BBB000002"]),
    roles=st.lists(st.sampled_from([*ROLES, "admin", "other"]), max_size=3).map(tuple),
)
claims_made = st.builds(
    Claimed,
    grant=st.sampled_from(["AAA000001", "BBB000002", "CCC000003"]),
    role=st.sampled_from([*MAY, "owner"]),
)
memberships = st.builds(
    Held,
    region=st.sampled_from(["IU", "TACC"]),
    project_id=st.sampled_from(["p1", "p2", "p3", "p4"]),
    role=st.sampled_from(list(MAY)),
    source=st.sampled_from(["keystone", "claim", "portal"]),
)


@given(
    st.lists(projects, unique_by=lambda project: project.key),
    st.lists(claims_made),
    st.lists(memberships, unique_by=lambda membership: membership.key),
    st.booleans(),
)
def test_applied_once_the_plan_is_empty_and_members_are_who_the_cloud_says(
    given_projects: list[Granted], claims: list[Claimed], before: list[Held], complete: bool
) -> None:
    found = plan(given_projects, claims, before, ROLES, complete=complete)
    after = applied(before, found)
    again = plan(given_projects, claims, after, ROLES, complete=complete)
    assert (again.add, again.change, again.end) == ((), (), ())
    assert again.pending == found.pending
    keys = {project.key for project in given_projects}
    assert {membership.key for membership in after} == (
        keys if complete else keys | {membership.key for membership in before}
    )


@given(
    st.lists(projects, unique_by=lambda project: project.key),
    st.lists(claims_made),
    st.lists(memberships, unique_by=lambda m: m.key),
)
def test_nobody_is_added_changed_and_ended_at_once(
    given_projects: list[Granted], claims: list[Claimed], before: list[Held]
) -> None:
    found = plan(given_projects, claims, before, ROLES)
    touched = [seat.key for seat in found.add] + [seat.key for seat in found.change] + list(found.end)
    assert len(touched) == len(set(touched))


def applied(before: list[Held], found: Plan) -> list[Held]:
    seats = {seat.key: seat for seat in (*found.add, *found.change)}
    kept = [membership for membership in before if membership.key not in {*seats, *found.end}]
    return kept + [Held(*seat.key, seat.role, seat.source) for seat in seats.values()]


def test_who_was_removed_here_does_not_come_back_by_the_clouds_word() -> None:
    claims = [Claimed("BIO220047", "pi")]
    assert plan([granted("member")], claims, [], ROLES, out={"p-bio"}).add == ()
    assert plan([granted("member")], claims, [], ROLES, out={"p-other"}).add != ()


def test_who_was_removed_here_ends_even_where_the_cloud_showed_only_some_projects() -> None:
    here, elsewhere = held(), held(project="p-other")
    assert plan([], [], [here, elsewhere], ROLES, complete=False, out={"p-bio"}).end == (here.key,)


def test_a_role_given_here_waits_for_the_person_and_outlives_the_membership() -> None:
    found = plan([granted("member")], [], [], ROLES, given={"p-bio": "ta"})
    assert found.add == (Seat(BIO, "ta", "portal"),)
    assert plan([granted("member")], [], [held("ta", "portal")], ROLES, given={"p-bio": "ta"}).change == ()


def test_a_role_given_here_promises_no_more_than_the_cloud_allows() -> None:
    found = plan([granted("reader")], [], [], ROLES, given={"p-bio": "manager"})
    assert found.add == (Seat(BIO, "reader", "keystone"),)
