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
    path("", include("allocations.urls")),
    path("", include("instances.urls")),
    path("", include("instances.metrics.urls")),
    path("", include("instances.remote.urls")),
    path("operations/", include("portal.operations.urls")),
    path("api/", include("portal.api.urls")),
    path("admin/", admin.site.urls),
]
