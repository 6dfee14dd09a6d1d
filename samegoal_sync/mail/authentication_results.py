"""Whether a mail really comes from the domain that it claims, by our own server's word alone.

Our receiving server writes an ``Authentication-Results`` header (RFC 8601) on top of every mail.
Anyone can write such headers into a mail, so only the topmost counts, and only if it carries
the name of our own server (or, for servers that name themselves nowhere, carries no name).

Parts of that header are the sender's own words (an envelope address, a reason). Split before
quotes are read, or with comments erased across quotes, such words once passed for results. So the
header is read letter by letter as its grammar says; what can't be read so, and any quoted or
encoded value in a decisive place, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: In place of a server's name: the receiving server writes none (Microsoft 365).
NAMELESS = "nameless"

#: Properties by which a result speaks of a domain.
_DECISIVE = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i")}
_BLANKS = " \t\r\n"
_SPECIAL = '();="'


@dataclass(frozen=True)
class Verdict:
    """Whether a mail is authentic, and why (for people; made of methods and results only)."""

    authentic: bool
    why: str


class _Unreadable(Exception):  # noqa: N818 (never leaves this module)
    """The header does not follow its grammar, or hides something in a decisive place."""


@dataclass(frozen=True)
class _Token:
    text: str
    quoted: bool = False


@dataclass
class _Result:
    """One method's result, with the properties that it gives."""

    method: str
    result: str
    properties: dict[str, _Token] = field(default_factory=dict)


def judge(headers: Sequence[str], authserv_id: str, domain: str) -> Verdict:
    """Judge a mail that claims to come from ``domain``.

    DMARC decides where it passed for that very domain; where the domain has no policy, a DKIM
    signature of that very domain does. SPF speaks of the envelope, which nobody sees: never.

    Args:
        headers: the mail's Authentication-Results as they came, undecoded, topmost first.
        authserv_id: the name by which our own receiving server signs its results, or
            ``NAMELESS``.
    """
    if not headers:
        return Verdict(False, "our mail server wrote no authentication results")
    try:
        name, results = _parse(headers[0])
    except _Unreadable:
        return Verdict(False, "the topmost authentication results can't be read with certainty")
    expected = "" if authserv_id.lower() == NAMELESS else authserv_id.lower()
    if name != expected:
        return Verdict(False, "the topmost authentication results are not our mail server's")
    dmarc = [found for found in results if found.method == "dmarc"]
    # dmarc=none: the domain publishes no policy, so that its signature must do.
    refused = [found.result for found in dmarc if found.result not in ("pass", "none")]
    if refused:
        return Verdict(False, f"dmarc={refused[0]}")
    passed = [found for found in dmarc if found.result == "pass"]
    if passed:
        if all(_domain(found, "header.from") == domain for found in passed):
            return Verdict(True, "dmarc=pass")
        return Verdict(False, "dmarc passed for another domain than the sender's")
    signed = [found for found in results if (found.method, found.result) == ("dkim", "pass")]
    if any(domain == (_domain(one, "header.d") or _domain(one, "header.i")) for one in signed):
        return Verdict(True, "dkim=pass")
    return Verdict(False, "neither DMARC nor a DKIM signature passed for the sender's domain")


def _domain(result: _Result, name: str) -> str:
    found = result.properties.get(name)
    return found.text.lower().rpartition("@")[2] if found else ""


def _parse(header: str) -> tuple[str, list[_Result]]:
    """Our server's name (blank if it writes none), and each method's result.

    Raises:
        _Unreadable: as the class says.
    """
    if "=?" in header or not header.isascii():
        raise _Unreadable
    first, *others = _parts(list(_tokens(header)))
    name = ""
    if not any(token.text == "=" and not token.quoted for token in first):
        # A version may follow the name, which is never quoted by a server that we know.
        if not first or first[0].quoted or len(first) > 2:
            raise _Unreadable
        name = first[0].text.lower()
    else:
        others = [first, *others]
    return name, [_result(part) for part in others if part and not _is_none(part)]


def _is_none(part: list[_Token]) -> bool:
    return [token.text.lower() for token in part] == ["none"]


def _result(part: list[_Token]) -> _Result:
    """``method=result`` and then ``property=value`` pairs, each name once."""
    pairs = list(_pairs(part))
    (method, result), *properties = pairs
    if result.quoted:
        raise _Unreadable
    found = _Result(method.partition("/")[0], result.text.lower())
    for name, value in properties:
        if name in found.properties or (value.quoted and name in _DECISIVE.get(found.method, ())):
            raise _Unreadable
        found.properties[name] = value
    return found


def _pairs(part: list[_Token]) -> Iterator[tuple[str, _Token]]:
    if len(part) % 3:
        raise _Unreadable
    for name, equals, value in zip(part[::3], part[1::3], part[2::3], strict=True):
        if name.quoted or equals != _Token("=") or name.text in _SPECIAL:
            raise _Unreadable
        yield name.text.lower(), value


def _parts(tokens: list[_Token]) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    for token in tokens:
        if token == _Token(";"):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _tokens(header: str) -> Iterator[_Token]:
    """Words, quoted strings and separators; comments, which nest, are passed over."""
    at, after_equals = 0, False
    while at < len(header):
        letter = header[at]
        if letter in _BLANKS:
            at += 1
        elif letter == "(":
            at = _end_of_comment(header, at)
        elif letter == '"':
            text, at = _quoted(header, at)
            yield _Token(text, quoted=True)
            after_equals = False
        elif letter == ";" or (letter == "=" and not after_equals):
            yield _Token(letter)
            after_equals = letter == "="
            at += 1
        elif letter == ")" or not letter.isprintable():
            raise _Unreadable
        else:
            # A value may hold equal signs (a signature's end); a name may not.
            stops = _BLANKS + '();"' + ("" if after_equals else "=")
            end = next((i for i in range(at, len(header)) if header[i] in stops), len(header))
            if end < len(header) and header[end] == '"':
                raise _Unreadable
            yield _Token(header[at:end])
            at, after_equals = end, False


def _end_of_comment(header: str, at: int) -> int:
    depth = 0
    while at < len(header):
        letter = header[at]
        if letter == "\\":
            at += 1
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise _Unreadable


def _quoted(header: str, at: int) -> tuple[str, int]:
    letters: list[str] = []
    at += 1
    while at < len(header):
        letter = header[at]
        if letter == '"':
            return "".join(letters), at + 1
        if letter == "\\":
            at += 1
            letter = header[at : at + 1]
        letters.append(letter)
        at += 1
    raise _Unreadable
