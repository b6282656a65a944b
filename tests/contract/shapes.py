"""The shape of an answer: its keys and the kinds of its values, without any value.

Each run on a real cloud records them (`make contract CLOUD=lab`), added to what earlier runs saw: a run that saw
nothing new changes nothing. The demo cloud's answers are held against them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "shapes"
# Mappings whose keys are data, not structure.
_FREE = frozenset({"addresses", "metadata", "extra_specs", "volume_image_metadata", "access"})
_KINDS = {str: "text", bool: "flag", int: "number", float: "number", type(None): "nothing"}


def shape_of(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        parts = {name: shape_of(item, name) for name, item in sorted(value.items())}
        return {"*": merged(list(parts.values()))} if key in _FREE else parts
    if isinstance(value, list):
        return [merged([shape_of(item) for item in value])]
    return _KINDS[type(value)]


def merged(shapes: list[Any]) -> Any:
    """One shape for many rows: all keys of any, and for each key the kinds that it has."""
    known = [shape for shape in shapes if shape not in (None, "nothing")]
    if not known:
        return "nothing" if shapes else None
    if all(isinstance(shape, dict) for shape in known):
        names = sorted({name for shape in known for name in shape})
        return {name: merged([shape[name] for shape in known if name in shape]) for name in names}
    if all(isinstance(shape, list) for shape in known):
        return [merged([item for shape in known for item in shape])]
    return known[0]


def differences(real: Any, other: Any, at: str = "") -> Iterator[str]:
    """What `other` lacks of `real`, or has as another kind. An empty list or nothing fits everything."""
    if real in (None, "nothing") or other in (None, "nothing"):
        return
    if type(real) is not type(other):
        yield f"{at}: {_name(real)} there, {_name(other)} here"
    elif isinstance(real, dict):
        for name in real:
            if name not in other:
                yield f"{at}.{name}: missing"
            else:
                yield from differences(real[name], other[name], f"{at}.{name}")
    elif isinstance(real, list):
        yield from differences(real[0], other[0], f"{at}[]")
    elif real != other:
        yield f"{at}: {real} there, {other} here"


def _name(shape: Any) -> str:
    if isinstance(shape, str):
        return shape
    return "object" if isinstance(shape, dict) else "list"


def recorded(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def record(name: str, shape: Any) -> None:
    """Add what one run saw: an empty list or nothing tells no more than what is known already."""
    path = FOLDER / f"{name}.json"
    together = together_with(recorded(name) if path.exists() else None, shape)
    path.write_text(json.dumps(together, indent=1, sort_keys=True) + "\n")


def together_with(known: Any, seen: Any) -> Any:
    if isinstance(known, list) and isinstance(seen, list):
        return [together_with(known[0], seen[0])]
    return merged([shape for shape in (known, seen) if shape is not None] or [None])
