from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    """Of what npm installed under static/, only the files that `manage.py vendor` chose are served."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("node_modules", "package.json", "package-lock.json", "*.stamp"),
        "django_htmx",  # another copy of htmx: ours is the vendored one
        "redoc*",  # ninja's other documentation page, which we do not use
    ]
