from django.urls import path

from allocations.overview import views, views_planner, views_saving, views_trail

app_name = "overview"
# The page itself is `allocations:detail`.
urlpatterns = [
    path("planner/", views_planner.planner, name="planner"),
    path("profile/export/", views_saving.own_exports, name="exports"),
    path("profile/export/<uuid:export_id>/", views_saving.export_file, name="export-file"),
    path("profile/export/<uuid:export_id>/erase/", views_saving.export_remove, name="export-remove"),
    path("allocations/<slug:slug>/overview/figures/", views.live_figures, name="figures"),
    path("allocations/<slug:slug>/overview/forecast/", views.forecast, name="forecast"),
    path("allocations/<slug:slug>/quota/", views.quota, name="quota"),
    path("allocations/<slug:slug>/planner/", views_planner.planner_within, name="plan"),
    path("allocations/<slug:slug>/save-my-data/", views_saving.save, name="save"),
    path("allocations/<slug:slug>/trail/", views_trail.whole_trail, name="trail"),
]
