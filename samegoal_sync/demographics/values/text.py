"""Text as SameGoal should have it: trimmed, blanks folded, NFC, nothing that Postgres can't store.

Capitals, accents, apostrophes and other scripts are left as they are: a name is a person's own.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.values.scatter import scattered
from samegoal_sync.outside_text import CONTROL, INVISIBLE

#: What makes a text differ from its clean form; few texts hold any of it, or nothing at all.
_SUSPECT = r"^$|^ | $|  |[^ -~]"
#: Control characters that are no blanks, and the zero-width and direction marks that come with
#: copied text; joiners that scripts need stay.
_UNSEEN = "[" + "".join(rf"\x{{{a:x}}}-\x{{{b:x}}}" for a, b in (*CONTROL, *INVISIBLE)) + "]"
#: What is left of bytes that were no text (lone surrogates, broken encodings).
DAMAGED = "\ufffd"


def cleaned(column: str | pl.Expr) -> pl.Expr:
    """The text without padding, control and invisible characters, in NFC; empty becomes null.

    The costly steps run only on the few values in which something is amiss.
    """
    text = pl.col(column) if isinstance(column, str) else column
    return text.map_batches(_mend, return_dtype=pl.String(), is_elementwise=True)


def _mend(text: pl.Series) -> pl.Series:
    if text.null_count() == text.len():
        return text
    suspect = text.str.contains(_SUSPECT)
    if not suspect.any():
        return text
    suspect = suspect.fill_null(False)
    mended = text.filter(suspect).to_frame().select(_MENDED).select(_null_if_empty(pl.all()))
    return scattered(mended.to_series(), suspect, text)


#: One expression: on a short column each question to polars costs more than its work.
_MENDED = (
    pl.all()
    .str.strip_chars()
    .str.replace_all(_UNSEEN, "")
    .str.replace_all(r"\s+", " ")
    .str.normalize("NFC")
    .str.strip_chars()
)


def has_letter(text: pl.Expr) -> pl.Expr:
    """Whether the text holds a letter of any script, as every name does."""
    return text.str.contains(r"\p{L}").fill_null(False)


def joined(*parts: pl.Expr, separator: str = " ") -> pl.Expr:
    """The parts that are not null, joined; null when there is none."""
    return _null_if_empty(pl.concat_str(parts, separator=separator, ignore_nulls=True))


def _null_if_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.len_bytes() > 0).then(text)
