"""REST API v1: the routers of every app, behind one way to authenticate and one shape of refusal."""

from ninja import NinjaAPI, Swagger

from allocations.api import router as allocations
from allocations.budgets.api import router as budgets
from allocations.members.api import router as members
from allocations.overview.api import router as overview
from allocations.reports.api import router as reports
from allocations.sources.api import router as sources
from instances.advice.api import router as advice
from instances.api import catalogue, instances
from instances.metrics.api import router as metrics
from instances.policies.api import router as policies
from instances.remote.api import router as connections
from instances.remote.api_native import router as ssh
from instances.workshops.api import router as workshops
from portal.api.auth import SessionAuth, TokenAuth
from portal.api.errors import install
from portal.notices.api import router as notices
from portal.operations.api import router as operations

api = NinjaAPI(
    title="Heliosphere",
    version="1",
    description=(
        "Everything that the pages do, on the same services. Authenticate with a personal token from your profile. "
        "What changes the cloud answers 202 with operations: follow them at `operations/{id}`. "
        "Send an `Idempotency-Key` with a POST, and the same request sent again gets the same operations. "
        "Refusals are problem documents (RFC 9457)."
    ),
    docs=Swagger(settings={"persistAuthorization": False, "defaultModelsExpandDepth": 0}),
    auth=[TokenAuth(), SessionAuth()],
    urls_namespace="api",
)
install(api)
api.add_router("", allocations)
for router in (sources, members, budgets, overview, reports, policies, advice, notices, workshops):
    api.add_router("", router)
api.add_router("", catalogue)
api.add_router("", instances)
api.add_router("", metrics)
api.add_router("", connections)
api.add_router("", ssh)
api.add_router("", operations)
