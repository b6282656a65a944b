from django.urls import path

from allocations import views
from allocations.overview.views import page

app_name = "allocations"
urlpatterns = [
    path("allocations/<slug:slug>/", page, name="detail"),
    path("allocations/<slug:slug>/card/", views.card, name="card"),
]
