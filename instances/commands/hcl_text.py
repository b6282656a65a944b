"""Blocks of HCL as `terraform fmt` writes them. Pure; values are source text already."""

from dataclasses import dataclass, field

Lines = list[str]


@dataclass(slots=True)
class Block:
    """`head` is source text such as `resource "kind" "label"`; blocks come after the attributes."""

    head: str
    attributes: list[tuple[str, str]] = field(default_factory=list)
    blocks: "list[Block]" = field(default_factory=list)

    def lines(self) -> Lines:
        inner = [*aligned(self.attributes)]
        for block in self.blocks:
            inner += [*([""] if inner else []), *block.lines()]
        return [f"{self.head} {{", *(f"  {line}" if line else "" for line in inner), "}"]


def aligned(attributes: list[tuple[str, str]]) -> Lines:
    """One under the other, with their signs in one column; a value of several lines stands by itself."""
    found: Lines = []
    group: list[tuple[str, str]] = []
    for name, value in attributes:
        if "\n" in value:
            found += [*_column(group), f"{name} = {value}"]
            group = []
        else:
            group.append((name, value))
    lines = [*found, *_column(group)]
    return [part for line in lines for part in line.split("\n")]


def _column(group: list[tuple[str, str]]) -> Lines:
    width = max((len(name) for name, _ in group), default=0)
    return [f"{name.ljust(width)} = {value}" for name, value in group]


def text(blocks: list[Block]) -> Lines:
    """Blocks with an empty line between them."""
    found: Lines = []
    for block in blocks:
        found += [*([""] if found else []), *block.lines()]
    return found
