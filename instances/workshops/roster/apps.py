from django.apps import AppConfig


class RosterConfig(AppConfig):
    name = "instances.workshops.roster"
    label = "roster"
