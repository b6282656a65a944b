from django.apps import AppConfig


class WorkshopClockConfig(AppConfig):
    name = "instances.workshops.clock"
    label = "workshop_clock"
