from django.urls import path

from instances.remote import urls_jump, urls_native, urls_sharing, views, views_desktop, views_shell
from instances.remote.files import urls as files_urls
from instances.remote.ports import urls as ports

app_name = "remote"
_ONE = "instances/<uuid:instance_id>"
_SESSION = "remote/<uuid:id>"
urlpatterns = [
    path(f"{_ONE}/shell/", views_shell.shell, name="shell"),
    path(f"{_ONE}/shell/state/", views_shell.shell_state, name="shell-state"),
    path(f"{_ONE}/desktop/", views_desktop.desktop, name="desktop"),
    path("remote/dock/", views_shell.dock, name="dock"),
    path(f"{_ONE}/remote/open/", views.open_session, name="open"),
    path(f"{_SESSION}/", views.session, name="session"),
    path(f"{_SESSION}/end/", views.end, name="end"),
]
urlpatterns += urls_sharing.urlpatterns
urlpatterns += urls_jump.urlpatterns
urlpatterns += ports.urlpatterns
urlpatterns += urls_native.urlpatterns
urlpatterns += files_urls.urlpatterns
