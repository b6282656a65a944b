from django.urls import path

from allocations.reports import views_operator, views_usage

app_name = "reports"
urlpatterns = [
    path("allocations/<slug:slug>/usage/", views_usage.usage, name="usage"),
    path("allocations/<slug:slug>/usage.csv", views_usage.usage_csv, name="usage-csv"),
    path("allocations/<slug:slug>/usage/shown/", views_usage.show_spending, name="show-spending"),
    path("operator/allocations/", views_operator.all_allocations, name="all"),
    path("operator/allocations.csv", views_operator.all_csv, name="all-csv"),
    path("rates/", views_operator.rates, name="rates"),
]
