"""Text that others wrote: what of it may reach a terminal, a mail, a log or a page."""

# ruff: noqa: RUF001  (ambiguous letters are what is tested)

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samegoal_sync.outside_text import LONGEST, cleaned_text, visible_text, whole_number


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Fairview \t ISD ", "Fairview ISD"),
        ("Fairview\r\nBcc: everyone@x.example", "Fairview Bcc: everyone@x.example"),
        ("Fairview\u2028ISD\u2029East\x85West", "Fairview ISD East West"),
        ("\x1b]52;c;aGk=\x07Fairview", "]52;c;aGk= Fairview"),
        ("\x9b31mFairview", "31mFairview"),
        ("Fair\u202eweiv\u2066", "Fairweiv"),
        ("\ufeffFair\u200bview\u00ad", "Fairview"),
        ("Fair\U000e0041\U000e0042view", "Fairview"),
        ("Fair\x00view", "Fair view"),
        ("half \ud83d of a letter", "half \ufffd of a letter"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that Persian needs
        ("[/oops] *bold* <b>", "[/oops] *bold* <b>"),  # escaped where it is shown
        ("Peña–Nuñez Elementary №7", "Peña–Nuñez Elementary №7"),
        ("\u200b\x1b\n", ""),
    ],
)
def test_only_what_can_be_seen_is_left(sent: str, kept: str) -> None:
    assert cleaned_text(sent) == kept


def test_a_long_text_is_cut_and_shows_it() -> None:
    cut = cleaned_text("school " * 100_000)
    assert len(cut) <= LONGEST
    assert cut.endswith("…")
    assert cleaned_text("abcdef", 4) == "abc…"
    assert cleaned_text("abcd", 4) == "abcd"


def test_a_heap_of_marks_is_cut() -> None:
    """A line of them takes a renderer of PDFs minutes."""
    heap = cleaned_text("Z" + "\u0336\u0337" * 50_000 + "oe")
    assert sum(1 for letter in heap if unicodedata.combining(letter)) <= 8


@given(st.text(st.characters(), max_size=400))
def test_cleaned_text_is_one_printable_line_and_stays_as_it_is(text: str) -> None:
    kept = cleaned_text(text)
    assert len(kept) <= LONGEST
    assert len(kept.splitlines()) <= 1
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in kept)
    assert not any("\u202a" <= letter <= "\u202e" for letter in kept)
    assert "\u2066" not in kept
    assert cleaned_text(kept) == kept


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_printed(text: str) -> None:
    shown = visible_text(text)
    obeyed = {
        letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")
    }
    assert obeyed <= {"\n", "\t"}
    assert len(shown) == len(text)


def test_lines_and_ordinary_letters_are_printed_as_they_are() -> None:
    assert visible_text("one\n\ttwo Pe\u00f1a [/oops]") == "one\n\ttwo Pe\u00f1a [/oops]"
    assert visible_text("\x1b]52;c;aGk=\x07\u202e") == "\ufffd]52;c;aGk=\ufffd\ufffd"


def test_a_number_is_one_that_postgres_can_hold() -> None:
    assert [whole_number(text) for text in ("0", "007", "9" * 18)] == [0, 7, 10**18 - 1]
    for text in ("", "-1", "+1", "1.0", "²", "\u0663", " 1", "9" * 19, "9" * 5_000, "1_000"):
        assert whole_number(text) is None
