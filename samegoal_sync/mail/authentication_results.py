"""Whether a mail really comes from the domain that it claims, by our own server's word alone.

Our receiving server writes an ``Authentication-Results`` header (RFC 8601) on top of every mail.
Anyone can write such headers into a mail, so only the topmost counts, and only if it carries
the name of our own server.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_COMMENT = re.compile(r"\([^()]*\)")
_PAIR = re.compile(r'([\w.-]+)\s*=\s*("[^"]*"|[^\s;]+)')


@dataclass(frozen=True)
class Verdict:
    """Whether a mail is authentic, and why (for people; made of methods and results only)."""

    authentic: bool
    why: str


def judge(headers: Sequence[str], authserv_id: str, domain: str) -> Verdict:
    """Judge a mail that claims to come from ``domain``.

    Args:
        headers: the mail's Authentication-Results, topmost first.
        authserv_id: the name by which our own receiving server signs its results.
    """
    if not headers:
        return Verdict(False, "our mail server wrote no authentication results")
    name, results = _parse(headers[0])
    if name != authserv_id.lower():
        return Verdict(False, "the topmost authentication results are not our mail server's")
    dmarc = [found for found in results if found["method"] == "dmarc"]
    # dmarc=none: the domain publishes no policy, so that its signature or SPF must do.
    refused = [found["result"] for found in dmarc if found["result"] not in ("pass", "none")]
    if refused:
        return Verdict(False, f"dmarc={refused[0]}")
    if any(
        found["result"] == "pass" and _domain(found.get("header.from")) == domain for found in dmarc
    ):
        return Verdict(True, "dmarc=pass")
    if any(
        found["method"] == "dkim"
        and found["result"] == "pass"
        and _domain(found.get("header.d") or found.get("header.i")) == domain
        for found in results
    ):
        return Verdict(True, "dkim=pass")
    if any(
        found["method"] == "spf"
        and found["result"] == "pass"
        and _domain(found.get("smtp.mailfrom")) == domain
        for found in results
    ):
        return Verdict(True, "spf=pass")
    return Verdict(False, "neither DMARC nor DKIM nor SPF passed for the sender's domain")


def _parse(header: str) -> tuple[str, list[dict[str, str]]]:
    """Our server's name, and each method's result with its properties."""
    plain, before = header, ""
    while plain != before:  # comments nest
        before, plain = plain, _COMMENT.sub(" ", plain)
    name, *parts = plain.split(";")
    results = []
    for part in parts:
        pairs = [(key.lower(), value.strip('"').lower()) for key, value in _PAIR.findall(part)]
        if pairs:
            (method, result), *properties = pairs
            results.append({**dict(properties), "method": method, "result": result})
    words = name.split()  # a version may follow the name
    return (words[0].lower() if words else ""), results


def _domain(value: str | None) -> str:
    return (value or "").rpartition("@")[2]
