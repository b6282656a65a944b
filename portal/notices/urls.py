from django.urls import path

from portal.notices import views, views_announcing, views_choosing, views_webhooks

app_name = "notices"
urlpatterns = [
    path("notices/", views.show_inbox, name="inbox"),
    path("notices/bell/", views.bell, name="bell"),
    path("notices/read-all/", views.read_all, name="read-all"),
    path("notices/<uuid:id>/", views.open_notice, name="open"),
    path("notices/<uuid:id>/read/", views.read, name="read"),
    path("notices/unsubscribe/<str:token>/", views_choosing.unsubscribe, name="unsubscribe"),
    path("notices/announcements/<int:pk>/dismiss/", views_announcing.dismiss, name="dismiss"),
    path("profile/notices/", views_choosing.preferences, name="preferences"),
    path("profile/notices/mails/", views.show_mails, name="mails"),
    path("profile/webhooks/", views_webhooks.list_or_add, name="webhooks"),
    path("profile/webhooks/<uuid:id>/", views_webhooks.webhook, name="webhook"),
    path("profile/webhooks/<uuid:id>/<slug:action>/", views_webhooks.do, name="webhook-do"),
    path("operator/announcements/", views_announcing.announcements, name="announcements"),
    path("operator/announcements/<int:pk>/", views_announcing.announcements, name="announcement"),
    path("operator/announcements/<int:pk>/end/", views_announcing.end, name="announcement-end"),
]
