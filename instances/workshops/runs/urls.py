from django.urls import path

from instances.workshops.runs import views_files, views_own, views_runs, views_work

app_name = "runs"
_W = "workshops/<uuid:workshop_id>"
_RUN = f"{_W}/runs/<uuid:run_id>"
_PUSH = f"{_W}/pushes/<uuid:push_id>"
urlpatterns = [
    path(f"{_W}/runs/", views_runs.every, name="list"),
    path(f"{_RUN}/", views_runs.command, name="command"),
    path(f"{_RUN}/stop/", views_runs.stop, name="stop"),
    path(f"{_RUN}/again/", views_runs.again, name="again"),
    path(f"{_RUN}/output/<uuid:seat_run_id>/", views_runs.output, name="output"),
    path(f"{_W}/files/", views_files.files, name="files"),
    path(f"{_PUSH}/", views_files.push, name="push"),
    path(f"{_PUSH}/again/", views_files.again, name="push-again"),
    path(f"{_PUSH}/remove/", views_files.remove, name="file-remove"),
    path(f"{_W}/work/", views_work.work, name="work"),
    path(f"{_W}/work/plan/", views_work.plan, name="work-plan"),
    path(f"{_W}/work/collect/", views_work.collect, name="work-collect"),
    path(f"{_W}/work/go-on/", views_work.go_on, name="work-go-on"),
    path(f"{_W}/work/all.zip", views_work.archive, name="work-archive"),
    path(f"{_W}/work/<uuid:learner_id>.zip", views_work.one, name="work-one"),
    path("w/<uuid:workshop_id>/work/", views_own.own, name="own-work"),
    path("w/<uuid:workshop_id>/work.zip", views_own.download, name="own-work-zip"),
]
