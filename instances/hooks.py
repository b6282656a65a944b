"""What layers above tell launches, without being imported by them."""

from collections.abc import Callable, Sequence

from instances.models import Instance

Authorities = Callable[[], Sequence[str]]
Trusts = Callable[[Instance, str, Sequence[str]], None]
_authorities: list[Authorities] = []
_trusts: list[Trusts] = []


def trusted_authorities(function: Authorities) -> Authorities:
    """Register `function()`: public keys whose SSH certificates new machines take."""
    if function not in _authorities:
        _authorities.append(function)
    return function


def authorities() -> list[str]:
    return [key for function in _authorities for key in function()]


def machine_trusts(function: Trusts) -> Trusts:
    """Register `function(instance, login, authorities)`: a launch's server is there, and was told to trust these.

    Called again where a worker died just then: it must not matter.
    """
    if function not in _trusts:
        _trusts.append(function)
    return function


def tell_trust(instance: Instance, login: str, authorities: Sequence[str]) -> None:
    for function in _trusts if authorities else []:
        function(instance, login, authorities)
