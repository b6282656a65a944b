"""One measured number, and the bound that the product promises for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """`most` or `least` is the bound; neither: only reported."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    def __str__(self) -> str:
        bound = f"(at most {self.most:g})" if self.most is not None else ""
        bound = f"(at least {self.least:g})" if self.least is not None else bound
        return f"{'ok  ' if self.kept else 'MISS'} {self.name}: {self.value:.4g} {self.unit} {bound}".rstrip()


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def middle(values: Sequence[float]) -> float:
    return median(values)
