"""`manage.py check`: the two configuration files can be used, said before anybody needs them."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from portal.cloud.config import ConfigError, load


@register()
def configuration(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        load()
    except ConfigError as error:
        hint = "The settings PORTAL_CONFIG and CLOUDS_YAML name the files; portal/conf holds working ones."
        return [Error(str(error), hint=hint, id="cloud.E001")]
    return []
