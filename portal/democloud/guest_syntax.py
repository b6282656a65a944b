"""The language of a guest's shell: what `sh` reads, as a tree. Enough of POSIX for set-up scripts and for people."""

import re
from dataclasses import dataclass, field

OPERATORS = re.compile(r"&&|\|\||;;|<<-|<<<|<<|>>|>&|<&|&>|>\||[;&|<>()\n]")
_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_BLANK = " \t"
REDIRECTS = {"<", ">", ">>", ">&", "<&", "&>", ">|", "<<", "<<-", "<<<"}
DEEPEST = 40


class SyntaxProblem(ValueError):
    """What bash would complain about."""


@dataclass
class Part:
    kind: str  # text, variable, command, sum
    text: str
    quoted: bool = False


Word = list[Part]


@dataclass
class Token:
    kind: str  # word, operator, end
    text: str
    word: Word = field(default_factory=list)
    at: int = 0
    bare: bool = False  # without quotes: may be a keyword


class Lexer:
    def __init__(self, source: str) -> None:
        self.source = source.replace("\\\n", "")
        self.at = 0
        self.tokens: list[Token] = []
        self._documents: list[tuple[Token, str, bool, bool]] = []

    def all(self) -> list[Token]:
        while self.at < len(self.source):
            letter = self.source[self.at]
            if letter in _BLANK:
                self.at += 1
            elif letter == "#":
                self.at = self._line_end(self.at)
            elif match := OPERATORS.match(self.source, self.at):
                self._operator(match.group())
            else:
                self._word()
        if self._documents:
            self._read_documents()
        self.tokens.append(Token("end", "newline", at=self.at))
        return self.tokens

    def _line_end(self, at: int) -> int:
        end = self.source.find("\n", at)
        return len(self.source) if end < 0 else end

    def _operator(self, text: str) -> None:
        self.tokens.append(Token("operator", text, at=self.at))
        self.at += len(text)
        if text == "\n" and self._documents:
            self._read_documents()
        elif text in {"<<", "<<-"}:
            self._begin_document(strip=text == "<<-")

    def _begin_document(self, *, strip: bool) -> None:
        while self.source[self.at : self.at + 1] in {" ", "\t"}:
            self.at += 1
        token = self._word()
        end = "".join(part.text for part in token.word)
        plain = any(part.quoted for part in token.word) or "\\" in self.source[token.at : self.at]
        self._documents.append((token, end, plain, strip))

    def _read_documents(self) -> None:
        for token, end, plain, strip in self._documents:
            lines = []
            while self.at < len(self.source):
                stop = self._line_end(self.at)
                line = self.source[self.at : stop]
                self.at = min(stop + 1, len(self.source))
                line = line.lstrip("\t") if strip else line
                if line == end:
                    break
                lines.append(line + "\n")
            text = "".join(lines)
            token.word = [Part("text", text, quoted=True)] if plain else Quoted(text).parts()
        self._documents.clear()

    def _word(self) -> Token:
        start = self.at
        parts, self.at = read_word(self.source, self.at)
        text = self.source[start : self.at]
        token = Token("word", text, parts, start, bare=not set(text) & set("'\"\\$`"))
        self.tokens.append(token)
        return token


def read_word(source: str, at: int) -> tuple[Word, int]:
    parts: Word = []
    while at < len(source):
        letter = source[at]
        if letter in _BLANK or OPERATORS.match(source, at):
            break
        if letter == "\\":
            parts.append(Part("text", source[at + 1 : at + 2], quoted=True))
            at += 2
        elif letter == "'":
            end = source.find("'", at + 1)
            if end < 0:
                raise SyntaxProblem("unexpected EOF while looking for matching `''")
            parts.append(Part("text", source[at + 1 : end], quoted=True))
            at = end + 1
        elif letter == '"':
            inner = Quoted(source, at + 1)
            parts += inner.parts('"') or [Part("text", "", quoted=True)]
            at = inner.at + 1
        elif letter in "$`":
            part, at = read_dollar(source, at, quoted=False)
            parts.append(part)
        else:
            end = at + 1
            while end < len(source) and source[end] not in " \t\\'\"$`" and not OPERATORS.match(source, end):
                end += 1
            parts.append(Part("text", source[at:end]))
            at = end
    return parts, at


class Quoted:
    """What is between double quotes, or in a here-document."""

    def __init__(self, source: str, at: int = 0) -> None:
        self.source, self.at = source, at

    def parts(self, end: str = "") -> Word:
        found: Word = []
        text = ""
        while self.at < len(self.source):
            letter = self.source[self.at]
            if letter == end:
                break
            if letter == "\\" and self.source[self.at + 1 : self.at + 2] in {"$", "`", '"', "\\", "\n"}:
                text += self.source[self.at + 1]
                self.at += 2
            elif letter in "$`":
                found += [Part("text", text, quoted=True)] if text else []
                part, self.at = read_dollar(self.source, self.at, quoted=True)
                text = ""
                found.append(part)
            else:
                text += letter
                self.at += 1
        else:
            if end:
                raise SyntaxProblem(f"unexpected EOF while looking for matching `{end}'")
        return found + ([Part("text", text, quoted=True)] if text else [])


def read_dollar(source: str, at: int, *, quoted: bool) -> tuple[Part, int]:
    """A variable, a command's output or a sum, beginning with `$` or a back quote."""
    if source[at] == "`":
        end = source.find("`", at + 1)
        if end < 0:
            raise SyntaxProblem("unexpected EOF while looking for matching ``'")
        return Part("command", source[at + 1 : end].replace("\\$", "$"), quoted), end + 1
    if source.startswith("$((", at):
        end = _closing(source, at + 3, "(", ")")
        return Part("sum", source[at + 3 : end], quoted), end + 2
    if source.startswith("$(", at):
        end = _closing(source, at + 2, "(", ")")
        return Part("command", source[at + 2 : end], quoted), end + 1
    if source.startswith("${", at):
        end = _closing(source, at + 2, "{", "}")
        return Part("variable", source[at + 2 : end], quoted), end + 1
    if match := _NAME.match(source, at + 1):
        return Part("variable", match.group(), quoted), match.end()
    if source[at + 1 : at + 2] in set("?$#@*!-0123456789") - {""}:
        return Part("variable", source[at + 1], quoted), at + 2
    return Part("text", "$", quoted), at + 1


def _closing(source: str, at: int, opening: str, closing: str) -> int:
    depth, quote = 1, ""
    while at < len(source):
        letter = source[at]
        if letter == "\\":
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == opening:
            depth += 1
        elif letter == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise SyntaxProblem(f"unexpected EOF while looking for matching `{closing}'")


def is_assignment(token: Token) -> bool:
    return bool(token.word) and not token.word[0].quoted and bool(_ASSIGNMENT.match(token.word[0].text))


def is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))
