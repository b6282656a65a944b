from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "instances.workshops.courses"
    label = "courses"
