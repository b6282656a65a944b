from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "instances.policies"
    label = "policies"
