from django.urls import path

from instances.metrics import views

app_name = "metrics"
urlpatterns = [
    path("instances/<uuid:instance_id>/metrics/", views.series, name="series"),
    path("instances/<uuid:instance_id>/metrics/graphs/", views.graphs, name="graphs"),
    path("instances/<uuid:instance_id>/metrics/alerts/", views.current_alerts, name="alerts"),
]
