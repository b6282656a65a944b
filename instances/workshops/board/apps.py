from django.apps import AppConfig


class BoardConfig(AppConfig):
    name = "instances.workshops.board"
    label = "board"
