"""What a guest's shell makes of words: variables, commands' output, sums, blanks, and patterns of file names."""

import ast
import operator
import posixpath
import re
from collections.abc import Callable
from fnmatch import fnmatchcase, translate
from typing import TYPE_CHECKING, Any

from portal.democloud.guest_syntax import Part, Quoted, SyntaxProblem, Word

if TYPE_CHECKING:
    from portal.democloud.guest_shell import Shell

Letter = tuple[str, bool]  # with: quoted
_PARAMETER = re.compile(r"(#)?(\w+|[?$#@*!-])(?:(:?[-=+?]|%%?|##?)(.*))?", re.DOTALL)
_MAGIC = set("*?[")
MOST_FIELDS = 20_000
MOST_TEXT = 128 * 1024  # of one word: a demo guest must not fill its cloud's memory
_OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: int(a / b),
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Unset(ValueError):
    """A variable that is not set where that is a mistake."""


async def fields(shell: "Shell", words: list[Word]) -> list[str]:
    found: list[str] = []
    for word in words:
        for letters in await _split(shell, word):
            found += _files(shell, letters)
            if len(found) > MOST_FIELDS:
                raise SyntaxProblem("Argument list too long")
    return found


async def text(shell: "Shell", word: Word) -> str:
    """One string, neither split nor matched against files."""
    letters = [letter for part in _tilde(shell, word) for letter in await _part(shell, part)]
    return "".join(letter for letter, _ in letters)


async def pattern(shell: "Shell", word: Word) -> str:
    """For `case`: what is quoted stands for itself."""
    letters = [letter for part in word for letter in await _part(shell, part)]
    return _as_pattern(letters)


async def _split(shell: "Shell", word: Word) -> list[list[Letter]]:
    found: list[list[Letter]] = []
    current: list[Letter] | None = None
    for part in _tilde(shell, word):
        if part.kind == "variable" and part.text == "@" and part.quoted:
            for number, argument in enumerate(shell.arguments):
                if number:
                    found.append(current or [])
                    current = []
                current = (current or []) + [(letter, True) for letter in argument]
            continue
        letters = await _part(shell, part)
        if part.quoted or part.kind == "text":
            current = (current or []) + letters
            continue
        for letter, _ in letters:
            if letter in " \t\n":
                found += [current] if current is not None else []
                current = None
            else:
                current = [*(current or []), (letter, False)]
    return found + ([current] if current is not None else [])


def _tilde(shell: "Shell", word: Word) -> Word:
    if not word or word[0].quoted or word[0].kind != "text" or not word[0].text.startswith("~"):
        return word
    name, slash, rest = word[0].text[1:].partition("/")
    home = shell.home_of(name) if name else shell.env.get("HOME", "/")
    return [Part("text", home, quoted=True), Part("text", slash + rest), *word[1:]] if home else word


async def _part(shell: "Shell", part: Part) -> list[Letter]:
    if part.kind == "text":
        value = part.text
    elif part.kind == "command":
        value = (await shell.output_of(part.text)).rstrip("\n")
    elif part.kind == "sum":
        value = str(sum_of(shell, await text(shell, Quoted(part.text).parts())))
    else:
        value = await _variable(shell, part.text)
    if len(value) > MOST_TEXT:
        raise SyntaxProblem("Argument list too long")
    return [(letter, part.quoted) for letter in value]


async def _variable(shell: "Shell", expression: str) -> str:
    match = _PARAMETER.fullmatch(expression)
    if match is None:
        raise SyntaxProblem(f"${{{expression}}}: bad substitution")
    length, name, sign, rest = match.groups()
    value = shell.variable(name)
    if length:
        return str(len(value or ""))
    if sign is None:
        if value is None and "u" in shell.flags:
            raise Unset(f"{name}: unbound variable")
        return value or ""
    other = Quoted(rest).parts()
    if sign[0] in "%#":
        bare = [Part(part.kind, part.text, quoted=False) for part in other]
        return _trimmed(value or "", await pattern(shell, bare), sign)
    missing = not value if sign.startswith(":") else value is None
    if sign[-1] == "+":
        return "" if missing else await text(shell, other)
    if not missing:
        return value or ""
    if sign[-1] == "?":
        raise Unset(f"{name}: {await text(shell, other) or 'parameter null or not set'}")
    given = await text(shell, other)
    if sign[-1] == "=":
        shell.env[name] = given
    return given


def _trimmed(value: str, wanted: str, sign: str) -> str:
    cuts = range(len(value) + 1)
    front = sign[0] == "#"
    longest_first = (len(sign) == 2) == front
    for cut in reversed(cuts) if longest_first else cuts:
        part = value[:cut] if front else value[cut:]
        if fnmatchcase(part, wanted):
            return value[cut:] if front else value[:cut]
    return value


def sum_of(shell: "Shell", source: str) -> int:
    named = re.sub(r"\$?([A-Za-z_]\w*)", lambda m: shell.variable(m[1]) or "0", source)
    try:
        return int(_evaluate(ast.parse(named.strip() or "0", mode="eval").body))
    except (SyntaxError, ValueError, TypeError, ZeroDivisionError, RecursionError, KeyError, OverflowError):
        raise SyntaxProblem(f"{source}: syntax error in expression") from None


def _evaluate(node: ast.AST) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _evaluate(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return int(_OPERATIONS[type(node.op)](_evaluate(node.left), _evaluate(node.right)))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return int(_OPERATIONS[type(node.ops[0])](_evaluate(node.left), _evaluate(node.comparators[0])))
    raise ValueError


def _as_pattern(letters: list[Letter]) -> str:
    return "".join(f"[{letter}]" if quoted and letter in _MAGIC else letter for letter, quoted in letters)


def _files(shell: "Shell", letters: list[Letter]) -> list[str]:
    plain = "".join(letter for letter, _ in letters)
    if not any(letter in _MAGIC and not quoted for letter, quoted in letters):
        return [plain]
    wanted = _as_pattern(letters)
    found = [""]
    for step in wanted.split("/"):
        found = [one for base in found for one in _step(shell, base, step, absolute=wanted.startswith("/"))]
    return sorted(found) or [plain]


def _step(shell: "Shell", base: str, step: str, *, absolute: bool) -> list[str]:
    if not base and not step and absolute:
        return ["/"]
    if not set(step) & _MAGIC:
        path = posixpath.join(base, step)
        return [path] if shell.exists(path) else []
    try:
        names = shell.host.files.listing(shell.path(base or "."), shell.who)
    except OSError:
        return []
    regex = re.compile(translate(step))
    fitting = (name for name in names if regex.match(name) and (name[0] != "." or step[0] == "."))
    return [posixpath.join(base, name) for name in fitting]
