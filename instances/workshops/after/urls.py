from django.urls import URLPattern, URLResolver

app_name = "after"
urlpatterns: list[URLPattern | URLResolver] = []
