"""Slips of the finger: one word with a letter wrong, missing, too many, or two swapped."""

from __future__ import annotations


def is_slip(one: str, other: str, shortest: int) -> bool:
    """Whether the words are the same but for one slip at most.

    Args:
        shortest: words of fewer letters are another word with one letter wrong: never a slip.
    """
    if min(len(one), len(other)) < shortest or abs(len(one) - len(other)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return True
    a, b = one[at:], other[at:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
