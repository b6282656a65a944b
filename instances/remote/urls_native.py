"""Own ssh, host keys, trust: pages of a machine, and what is done over a live session."""

from django.urls import path

from instances.remote import views_keys, views_native, views_trust

_SSH = "instances/<uuid:instance_id>/ssh"
_SESSION = "remote/<uuid:id>"
urlpatterns = [
    path(f"{_SSH}/", views_native.page, name="native"),
    path(f"{_SSH}/certificates/", views_native.certificate_sign, name="certificate-sign"),
    path(f"{_SSH}/certificates/<int:pk>/", views_native.certificate, name="certificate"),
    path(f"{_SSH}/people/", views_native.teammate_add, name="teammate-add"),
    path(f"{_SSH}/people/remove/", views_native.teammate_remove, name="teammate-remove"),
    path(f"{_SSH}/host-keys/", views_trust.host_keys_page, name="host-keys"),
    path(f"{_SSH}/host-keys/<int:pk>/end/", views_trust.host_key_end, name="host-key-end"),
    path(f"{_SSH}/trust/", views_trust.trust_page, name="trust"),
    path(f"{_SSH}/passphrase/", views_trust.passphrase_show, name="passphrase"),
    # In the process that holds the session.
    path(f"{_SESSION}/keys/", views_keys.machine_keys, name="machine-keys"),
    path(f"{_SESSION}/trust/", views_keys.put_trust, name="put-trust"),
]
