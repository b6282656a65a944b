from django.urls import path

from allocations import views

app_name = "allocations"
urlpatterns = [
    path("allocations/<slug:slug>/", views.detail, name="detail"),
    path("allocations/<slug:slug>/card/", views.card, name="card"),
]
