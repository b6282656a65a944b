from django.urls import path

from instances.advice import views

app_name = "advice"
urlpatterns = [
    path("allocations/<slug:slug>/advice/", views.page, name="page"),
    path("allocations/<slug:slug>/advice/brief/", views.brief, name="brief"),
    path("allocations/<slug:slug>/advice/dismiss/", views.dismiss, name="dismiss"),
    path("allocations/<slug:slug>/advice/follow/<str:key>/", views.follow, name="follow"),
]
