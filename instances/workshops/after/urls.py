from django.urls import path

from instances.workshops.after import views, views_work

app_name = "after"
_ONE = "workshops/<uuid:workshop_id>"
urlpatterns = [
    path(f"{_ONE}/report/", views.report, name="report"),
    path(f"{_ONE}/report.csv", views.report_csv, name="report-csv"),
    path(f"{_ONE}/left/", views.left, name="left"),
    path(f"{_ONE}/left/keep/", views.keep, name="keep"),
    path(f"{_ONE}/left/remove/", views.remove, name="remove"),
    path("w/<uuid:workshop_id>/goodbye/", views_work.work, name="work"),
]
