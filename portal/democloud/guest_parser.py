"""From the words of a guest's shell to what shall be run."""

from dataclasses import dataclass, field

from portal.democloud.guest_syntax import (
    DEEPEST,
    REDIRECTS,
    Lexer,
    Part,
    SyntaxProblem,
    Token,
    Word,
    is_assignment,
    is_name,
)


@dataclass
class Redirect:
    descriptor: int
    sign: str
    target: Word


@dataclass
class Simple:
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Pipeline:
    commands: "list[Node]"
    negated: bool = False


@dataclass
class Chain:
    """`a && b || c`."""

    first: "Node"
    rest: "list[tuple[str, Node]]"


@dataclass
class Sequence:
    items: "list[tuple[Node, bool]]"  # with: in the background


@dataclass
class Choice:
    branches: "list[tuple[Node, Node]]"
    otherwise: "Node | None"


@dataclass
class Loop:
    condition: "Node"
    body: "Node"
    until: bool


@dataclass
class For:
    name: str
    words: list[Word] | None
    body: "Node"


@dataclass
class Case:
    word: Word
    branches: "list[tuple[list[Word], Node]]"


@dataclass
class Group:
    body: "Node"
    subshell: bool
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Function:
    name: str
    body: "Node"


Node = Simple | Pipeline | Chain | Sequence | Choice | Loop | For | Case | Group | Function
_CLOSING = {"then", "else", "elif", "fi", "do", "done", "esac", "}"}


class Parser:
    def __init__(self, source: str) -> None:
        self._tokens = Lexer(source).all()
        self._at = 0
        self._depth = 0

    def parse(self) -> Sequence:
        tree = self._sequence(set())
        if self._now.kind != "end":
            raise self._unexpected()
        return tree

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _unexpected(self) -> SyntaxProblem:
        token = self._now
        if token.kind == "end":
            return SyntaxProblem("syntax error: unexpected end of file")
        name = "newline" if token.text == "\n" else token.text
        return SyntaxProblem(f"syntax error near unexpected token `{name}'")

    def _is(self, *texts: str) -> bool:
        token = self._now
        return token.text in texts and (token.kind == "operator" or (token.kind == "word" and token.bare))

    def _take(self, *texts: str) -> bool:
        if self._is(*texts):
            self._at += 1
            return True
        return False

    def _need(self, *texts: str) -> None:
        if not self._take(*texts):
            raise self._unexpected()

    def _lines(self) -> None:
        while self._take("\n"):
            pass

    def _sequence(self, closing: set[str]) -> Sequence:
        self._depth += 1
        if self._depth > DEEPEST:
            raise SyntaxProblem("syntax error: nested too deeply")
        items: list[tuple[Node, bool]] = []
        while True:
            self._lines()
            if self._now.kind == "end" or self._is(*closing, ")", ";;"):
                break
            node = self._chain()
            items.append((node, self._is("&")))
            if not self._take("&", ";", "\n"):
                break
        self._depth -= 1
        return Sequence(items)

    def _body(self, *closing: str) -> Sequence:
        self._lines()
        body = self._sequence(set(closing))
        if not body.items:
            raise self._unexpected()
        return body

    def _chain(self) -> Node:
        first = self._pipeline()
        rest: list[tuple[str, Node]] = []
        while self._is("&&", "||"):
            sign = self._now.text
            self._at += 1
            self._lines()
            rest.append((sign, self._pipeline()))
        return Chain(first, rest) if rest else first

    def _pipeline(self) -> Node:
        negated = self._take("!")
        commands = [self._command()]
        while self._take("|"):
            self._lines()
            commands.append(self._command())
        return Pipeline(commands, negated) if negated or len(commands) > 1 else commands[0]

    def _command(self) -> Node:
        if self._take("if"):
            return self._redirected(self._choice())
        if self._is("while", "until"):
            until = self._now.text == "until"
            self._at += 1
            condition = self._body("do")
            return self._redirected(Loop(condition, self._do(), until))
        if self._take("for"):
            return self._redirected(self._for())
        if self._take("case"):
            return self._redirected(self._case())
        if self._take("{"):
            body = self._body("}")
            self._need("}")
            return Group(body, False, self._redirects())
        if self._take("("):
            body = self._body(")")
            self._need(")")
            return Group(body, True, self._redirects())
        return self._simple()

    def _redirected(self, node: Node) -> Node:
        redirects = self._redirects()
        return Group(node, False, redirects) if redirects else node

    def _redirects(self) -> list[Redirect]:
        found = []
        while redirect := self._redirect():
            found.append(redirect)
        return found

    def _redirect(self) -> Redirect | None:
        token, after = self._now, self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        number = -1
        if token.kind == "word" and token.text in {"0", "1", "2"} and after.text in REDIRECTS:
            if after.kind != "operator" or after.at != token.at + 1:
                return None
            number, self._at, token = int(token.text), self._at + 1, after
        if token.kind != "operator" or token.text not in REDIRECTS:
            return None
        self._at += 1
        if self._now.kind != "word":
            raise self._unexpected()
        target = self._now.word
        self._at += 1
        return Redirect(number if number >= 0 else 0 if token.text[0] == "<" else 1, token.text, target)

    def _do(self) -> Node:
        self._need("do")
        body = self._body("done")
        self._need("done")
        return body

    def _choice(self) -> Node:
        branches: list[tuple[Node, Node]] = []
        otherwise: Node | None = None
        while True:
            condition = self._body("then")
            self._need("then")
            branches.append((condition, self._body("elif", "else", "fi")))
            if self._take("elif"):
                continue
            if self._take("else"):
                otherwise = self._body("fi")
            self._need("fi")
            return Choice(branches, otherwise)

    def _for(self) -> Node:
        name = self._now.text
        if self._now.kind != "word" or not is_name(name):
            raise self._unexpected()
        self._at += 1
        self._lines()
        words: list[Word] | None = None
        if self._take("in"):
            words = []
            while self._now.kind == "word":
                words.append(self._now.word)
                self._at += 1
        self._take(";")
        self._lines()
        return For(name, words, self._do())

    def _case(self) -> Node:
        word = self._now.word
        self._at += 1
        self._lines()
        self._need("in")
        branches: list[tuple[list[Word], Node]] = []
        self._lines()
        while not self._take("esac"):
            self._take("(")
            patterns = [self._word()]
            while self._take("|"):
                patterns.append(self._word())
            self._need(")")
            self._lines()
            branches.append((patterns, self._sequence({"esac"})))
            if not self._take(";;") and not self._is("esac"):
                raise self._unexpected()
            self._lines()
        return Case(word, branches)

    def _word(self) -> Word:
        if self._now.kind != "word":
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1].word

    def _simple(self) -> Node:
        command = Simple()
        if self._now.kind == "word" and self._now.bare and self._now.text in _CLOSING:
            raise self._unexpected()
        while True:
            if redirect := self._redirect():
                command.redirects.append(redirect)
            elif self._now.kind != "word":
                break
            elif not command.words and is_assignment(self._now):
                command.assignments.append(self._assignment())
            else:
                command.words.append(self._word())
                if len(command.words) == 1 and self._is("("):
                    return self._function()
        if not command.words and not command.assignments and not command.redirects:
            raise self._unexpected()
        return command

    def _assignment(self) -> tuple[str, Word]:
        first, *rest = self._word()
        name, _, text = first.text.partition("=")
        return name, [Part("text", text), *rest]

    def _function(self) -> Node:
        name = self._tokens[self._at - 1].text
        self._need("(")
        self._need(")")
        self._lines()
        return Function(name, self._command())


def parse(source: str) -> Sequence:
    return Parser(source).parse()
