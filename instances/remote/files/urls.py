from django.urls import path

from instances.remote.files import views_browse, views_content, views_page

_FILES = "remote/<uuid:id>/files"
urlpatterns = [
    path("instances/<uuid:instance_id>/files/", views_page.page, name="files"),
    path(f"{_FILES}/unlock/", views_page.unlock, name="files-unlock"),
    path(f"{_FILES}/list/", views_browse.listing, name="files-list"),
    path(f"{_FILES}/folder/", views_browse.new_folder, name="files-folder"),
    path(f"{_FILES}/rename/", views_browse.new_name, name="files-rename"),
    path(f"{_FILES}/permissions/", views_browse.permissions, name="files-permissions"),
    path(f"{_FILES}/delete/", views_browse.delete, name="files-delete"),
    path(f"{_FILES}/preview/", views_browse.preview, name="files-preview"),
    path(f"{_FILES}/content/", views_content.content, name="files-content"),
    path(f"{_FILES}/standing/", views_content.standing, name="files-standing"),
    path(f"{_FILES}/discard/", views_content.discard, name="files-discard"),
    path(f"{_FILES}/folders/", views_content.folders, name="files-folders"),
    path(f"{_FILES}/archive/", views_content.packed, name="files-archive"),
]
