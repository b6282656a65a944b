from django.urls import URLPattern

app_name = "remote"
urlpatterns: list[URLPattern] = []
