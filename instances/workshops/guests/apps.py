from django.apps import AppConfig


class WorkshopGuestsConfig(AppConfig):
    name = "instances.workshops.guests"
    label = "workshop_guests"
