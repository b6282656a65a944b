from django.urls import path, re_path

from instances.policies import views, views_allocation

app_name = "policies"
_ONE = "instances/<uuid:instance_id>/policies"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_KIND = "(?P<policy>schedule|lease|idle)"
urlpatterns = [
    path(f"{_ONE}/", views.machine, name="machine"),
    path(f"{_ONE}/do/<slug:what>/", views.put_off, name="put-off"),
    re_path(rf"^instances/(?P<instance_id>{_UUID})/policies/{_KIND}/$", views.edit, name="edit"),
    path("allocations/<slug:slug>/policies/", views_allocation.overview, name="allocation"),
    re_path(
        rf"^allocations/(?P<slug>[-a-zA-Z0-9_]+)/policies/{_KIND}/$",
        views_allocation.edit_default,
        name="edit-default",
    ),
]
