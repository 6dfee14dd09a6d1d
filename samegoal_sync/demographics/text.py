"""Text as SameGoal should have it: trimmed, blanks folded, NFC, nothing that Postgres can't store.

Capitals, accents, apostrophes and other scripts are left as they are: a name is a person's own.
"""

from __future__ import annotations

import polars as pl

#: What makes a text differ from its clean form; most texts hold none of it and are left alone.
_SUSPECT = r"^\s|\s$|\s\s|[^ -~]"
#: Zero-width and direction marks that come with copied text; joiners that scripts need stay.
_INVISIBLE = "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
#: What is left of bytes that were no text (lone surrogates, broken encodings).
DAMAGED = "\ufffd"


def cleaned(column: str | pl.Expr) -> pl.Expr:
    """The text without padding, control and invisible characters, in NFC; empty becomes null.

    Most values need nothing but a trim, so the costly steps run only where something is amiss.
    """
    text = pl.col(column) if isinstance(column, str) else column
    mended = (
        text.str.replace_all(r"\s", " ")
        .str.replace_all(r"\p{Cc}", "")
        .str.replace_all(_INVISIBLE, "")
        .str.replace_all(r" {2,}", " ")
        .str.normalize("NFC")
        .str.strip_chars()
    )
    return _null_if_empty(pl.when(text.str.contains(_SUSPECT)).then(mended).otherwise(text))


def is_damaged(text: pl.Expr) -> pl.Expr:
    """Whether the text holds the mark that stands for characters lost on the way."""
    return text.str.contains(DAMAGED, literal=True).fill_null(False)


def has_letter(text: pl.Expr) -> pl.Expr:
    """Whether the text holds a letter of any script, as every name does."""
    return text.str.contains(r"\p{L}").fill_null(False)


def joined(*parts: pl.Expr, separator: str = " ") -> pl.Expr:
    """The parts that are not null, joined; null when there is none."""
    return _null_if_empty(pl.concat_str(parts, separator=separator, ignore_nulls=True))


def _null_if_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.len_bytes() > 0).then(text)
