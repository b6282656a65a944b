from django.contrib import admin
from django.urls import include, path

from portal.core import views
from portal.core.health import healthz

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.broken

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("portal.home.urls")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.notices.urls")),
    path("", include("allocations.overview.urls")),
    path("", include("allocations.members.urls")),
    path("", include("allocations.budgets.urls")),
    path("", include("allocations.reports.urls")),
    path("", include("allocations.sources.urls")),
    path("", include("allocations.urls")),
    path("", include("instances.urls")),
    path("", include("instances.metrics.urls")),
    path("", include("instances.remote.urls")),
    path("", include("instances.policies.urls")),
    path("", include("instances.advice.urls")),
    path("", include("instances.workshops.urls")),
    path("operations/", include("portal.operations.urls")),
    path("api/", include("portal.api.urls")),
    path("admin/", admin.site.urls),
]
