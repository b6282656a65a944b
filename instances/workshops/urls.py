"""Pages of workshops: each part has its own names; together they are mounted once."""

from django.urls import include, path

urlpatterns = [
    path("", include("instances.workshops.courses.urls")),
    path("", include("instances.workshops.roster.urls")),
    path("", include("instances.workshops.learner.urls")),
    path("", include("instances.workshops.board.urls")),
    path("", include("instances.workshops.runs.urls")),
    path("", include("instances.workshops.after.urls")),
]
