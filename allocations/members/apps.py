from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "allocations.members"
    label = "members"
