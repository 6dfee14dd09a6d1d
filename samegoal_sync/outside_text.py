"""Text that others wrote (names of districts, entities and schools; words of an error; mail).

It enters through ``cleaned_text`` and is then one line without anything that a terminal, a mail, a
log or a page would obey instead of show. The incident: a school's name held a terminal's
escape sequence, and printing the name wrote into the reader's clipboard. Where the text is shown
it is still escaped for its place (HTML, Markdown, Rich markup): brackets are honest letters here.

Students' values follow the same rule, column by column: ``demographics/values/text.py``.
"""

from __future__ import annotations

import re
import unicodedata

#: Code points (both ends included) without width, or that turn the direction of what follows.
#: Joiners (200C, 200D) and the number signs of Arabic stay: scripts need them.
INVISIBLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x061C, 0x061C),  # Arabic letter mark
    (0x180E, 0x180E),  # Mongolian vowel separator
    (0x200B, 0x200B),  # zero width space
    (0x200E, 0x200F),  # left-to-right and right-to-left mark
    (0x202A, 0x202E),  # embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates, deprecated shapes
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),  # interlinear annotation
    (0xE0000, 0xE007F),  # tags: a text within the text
)
#: Control characters that are no blanks.
CONTROL = ((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F))

#: Letters that a name may have; longer ones are cut, with an ellipsis at their end.
LONGEST = 200
#: Marks upon one letter. Vietnamese and Hebrew need three, a heap of them takes a renderer minutes.
_MARKS = 8

#: Of a number that Postgres can hold.
_DIGITS = 18

_DROPPED = re.compile("[" + "".join(f"{chr(a)}-{chr(b)}" for a, b in INVISIBLE) + "]")
_NO_LETTER = re.compile("[" + "".join(re.escape(chr(a)) + "-" + chr(b) for a, b in CONTROL) + "]")
#: A terminal obeys these; line feed and tab are left to it.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|" + _DROPPED.pattern)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
#: ``str.split`` folds these too: tab, line feed, no-break space, U+0085, U+2028, U+2029.
_ENDS_CUT = "…"


def whole_number(text: str) -> int | None:
    """The number that a text is: 0 or more, of a size that Postgres can hold; else ``None``.

    ``int`` alone answers "²", which is a digit, and 5,000 nines with an error.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def cleaned_text(text: str, longest: int = LONGEST) -> str:
    """One line: printable, in NFC, blanks folded, no longer than ``longest`` letters.

    Args:
        text: as it came. What is no text at all (a number, a list) is given as ``str(value)``.
        longest: letters kept, the ellipsis that marks a cut among them.

    Returns:
        the text; empty when nothing in it can be seen. Cleaning it once more changes nothing.
    """
    # Beyond this, no letter can still be among those kept; what is endless costs nothing.
    text = text[: longest * (_MARKS + 2)] if len(text) > longest * (_MARKS + 2) else text
    if not (text.isascii() and text.isprintable()):
        text = _LONE_SURROGATE.sub("\ufffd", text)
        text = _NO_LETTER.sub(" ", _DROPPED.sub("", text))
        text = without_heaps(unicodedata.normalize("NFC", text))
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + _ENDS_CUT


def visible_text(text: str) -> str:
    """The text with every character that a terminal would obey shown as U+FFFD; lines stay lines.

    For output of what may have been stored before it was cleaned on entry, or never is (a note that
    a person typed).
    """
    if text.isascii() and text.isprintable():
        return text
    return _OBEYED.sub("\ufffd", text)


def without_invisible(text: str) -> str:
    """The text without ``INVISIBLE``; lines, blanks and the joiners that scripts need stay."""
    return text if text.isascii() else _DROPPED.sub("", text)


def has_heap_of_marks(text: str) -> bool:
    """Whether more marks stand upon a letter than any language writes; also as it was typed."""
    return without_heaps(text) != text


def without_heaps(text: str) -> str:
    """At most so many combining marks in a row."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= _MARKS:
            kept.append(letter)
    return "".join(kept)
