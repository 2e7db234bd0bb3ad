"""Filters as text.

    "/item/name" matches "^web-" and not ("prod" in "/item/tags" or "/item/version" == 1)

A selector is a JSON pointer, in quotes or bare, or its parts with dots: `item.name`. A value is a text in "double
quotes", where a backslash escapes, or in `backquotes`, a number, true, false or another bare word. Operators: `==`,
`!=`; `contains`, and `in` with its sides exchanged, on a text, a list or the keys of an object; `is empty`; `matches`
with an RE2 pattern that may stand anywhere in a text; each of the words with its `not`. `not` binds closer than `and`,
`and` closer than `or`.

Length, depth, the number of comparisons and the size of a pattern are bounded. A filter that cannot be read is refused
with the place and the reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import re2

from acc.controlplane.access.filters import All, Contains, Either, Empty, Equals, Filter, Matches, Not, Pattern, Term
from acc.wire.errors import AccError, Code

MAX_FILTER = 2048
MAX_DEPTH = 32
MAX_TERMS = 64
MAX_PATTERN_MEMORY = 256 * 1024

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<mark> [()] | == | != )
        | "(?P<text> (?: [^"\\] | \\. )* )"
        | `(?P<raw> [^`]* )`
        | (?P<word> [^ \t\r\n()"`=!]+ )
        | (?P<end> \Z )
    )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"\\": "\\", '"': '"', "n": "\n", "t": "\t", "r": "\r"}
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "is", "empty", "matches"})


def parse_filter(text: str) -> Filter:
    """The filter that `text` spells. Raises AccError(BAD_REQUEST) with the place and the reason."""
    if len(text) > MAX_FILTER:
        raise AccError(Code.BAD_REQUEST, f"the filter is longer than {MAX_FILTER} characters")
    return _Parser(_tokens(text)).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    """A mark, a quoted text, a bare word, or the end; `at` is its first character, counted from 1."""

    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            begin = at + len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
            raise _refuse(begin + 1, "a quote is not closed" if text[begin] in '"`' else "cannot be read")
        kind, begin = found.lastgroup, found.start(found.lastgroup) + 1
        value = found[kind]
        tokens.append(_Token(kind, _unescaped(value, begin) if kind == "text" else value, begin))
        at = found.end()
    return tokens


def _unescaped(text: str, at: int) -> str:
    def character(escape: re.Match[str]) -> str:
        if escape[1] not in _ESCAPED:
            raise _refuse(at + escape.start(), "an unknown escape: in double quotes write \\\\ for a backslash")
        return _ESCAPED[escape[1]]

    return _ESCAPE.sub(character, text)


class _Parser:
    """Recursive descent: one method for each level of the grammar."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Filter:
        found = self._either()
        if self._peek.kind != "end":
            raise self._unexpected("and, or, or the end")
        return found

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._peek
        self._next += token.kind != "end"
        return token

    def _takes(self, kind: str, text: str) -> bool:
        found = (self._peek.kind, self._peek.text) == (kind, text)
        self._next += found
        return found

    def _either(self) -> Filter:
        parts = [self._all()]
        while self._takes("word", "or"):
            parts.append(self._all())
        return Either(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> Filter:
        parts = [self._one()]
        while self._takes("word", "and"):
            parts.append(self._one())
        return All(tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _refuse(self._peek.at, f"nested deeper than {MAX_DEPTH}")
        if self._takes("word", "not"):
            found: Filter = Not(self._one())
        elif self._takes("mark", "("):
            found = self._either()
            if not self._takes("mark", ")"):
                raise self._unexpected("and, or, or )")
        else:
            found = self._term()
        self._depth -= 1
        return found

    def _term(self) -> Term:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise _refuse(self._peek.at, f"more than {MAX_TERMS} comparisons")
        first = self._operand("a selector or a value")
        if self._takes("mark", "=="):
            return Equals(_path(first), self._operand("a value").text, negated=False)
        if self._takes("mark", "!="):
            return Equals(_path(first), self._operand("a value").text, negated=True)
        if self._takes("word", "is"):
            negated = self._takes("word", "not")
            if not self._takes("word", "empty"):
                raise self._unexpected("empty")
            return Empty(_path(first), negated)
        negated = self._takes("word", "not")
        if self._takes("word", "in"):
            return Contains(_path(self._operand("a selector")), first.text, negated)
        if self._takes("word", "contains"):
            return Contains(_path(first), self._operand("a value").text, negated)
        if self._takes("word", "matches"):
            value = self._operand("a pattern")
            return Matches(_path(first), value.text, negated, _compiled(value))
        raise self._unexpected("in, contains or matches" if negated else "an operator, such as ==, in or matches")

    def _operand(self, wanted: str) -> _Token:
        if self._peek.kind in ("mark", "end") or (self._peek.kind == "word" and self._peek.text in _KEYWORDS):
            raise self._unexpected(wanted)
        return self._take()

    def _unexpected(self, wanted: str) -> AccError:
        found = "the end" if self._peek.kind == "end" else ascii(self._peek.text[:40])
        return _refuse(self._peek.at, f"expected {wanted}, found {found}")


def _path(token: _Token) -> tuple[str, ...]:
    if token.text.startswith("/"):
        parts = token.text[1:].split("/")
        if all(parts):
            return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
    elif token.kind == "word":
        parts = token.text.split(".")
        if all(_IDENTIFIER.fullmatch(part) for part in parts):
            return tuple(parts)
    raise _refuse(token.at, f'{token.text[:40]!a} is no selector, such as "/item/name"')


def _compiled(token: _Token) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_MEMORY
    try:
        pattern: Pattern = re2.compile(token.text, options)  # pyright: ignore[reportUnknownMemberType]  # has no types
    except (re2.error, UnicodeEncodeError):  # pyright: ignore[reportUnknownMemberType]  # likewise
        raise _refuse(token.at, f"{token.text[:40]!a} is no RE2 pattern, or a too large one") from None
    return pattern


def _refuse(at: int, reason: str) -> AccError:
    return AccError(Code.BAD_REQUEST, f"the filter, at character {at}: {reason}", "filter")
