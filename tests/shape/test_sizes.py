"""The sizes that the design asks for, so that a file which grows is noticed when it does."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("portal", "allocations", "instances")
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FILE, MEDIAN_FUNCTION, LONGEST_TEMPLATE = 500, 60, 90, 9, 150


def code_files() -> list[Path]:
    return [path for top in CODE for path in (ROOT / top).rglob("*.py") if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (
                f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                (node.end_lineno or node.lineno) - node.lineno + 1,
            )


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_code_file_is_over_the_limit() -> None:
    assert {
        str(path.relative_to(ROOT)): lines(path) for path in code_files() if lines(path) > LONGEST_FILE
    } == {}


def test_no_test_file_is_over_the_limit() -> None:
    found = {str(path): lines(path) for path in (ROOT / "tests").rglob("*.py") if lines(path) > LONGEST_FILE}
    assert found == {}


def test_no_function_is_over_the_limit() -> None:
    assert {
        name: size for path in code_files() for name, size in functions(path) if size > LONGEST_FUNCTION
    } == {}


def test_files_and_functions_stay_small_in_the_middle() -> None:
    sizes = [lines(path) for path in code_files() if lines(path) > 3]
    assert statistics.median(sizes) <= MEDIAN_FILE
    assert (
        statistics.median([size for path in code_files() for _, size in functions(path)]) <= MEDIAN_FUNCTION
    )


def test_no_template_is_over_the_limit() -> None:
    found = {
        str(path): lines(path)
        for path in (ROOT / "templates").rglob("*.html")
        if lines(path) > LONGEST_TEMPLATE
    }
    assert found == {}


def test_broad_except_stands_only_in_the_two_bases() -> None:
    broad = set()
    for path in code_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
            ):
                broad.add(str(path.relative_to(ROOT)))
    assert broad <= {"portal/core/tasks.py", "portal/core/sockets.py"}
