"""Forged words in our own server's header: what the sender chose never passes for a result."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samegoal_sync.mail.authentication_results import NAMELESS, judge
from samegoal_sync.mail.mailbox import read_headers

OURS, DOMAIN = "mx.samegoal.example", "fairview.example"
#: What a forger wants to be read.
WANTED = f"dmarc=pass header.from={DOMAIN}"


def authentic(header: str, server: str = OURS) -> bool:
    return judge([header], server, DOMAIN).authentic


@pytest.mark.parametrize(
    "header",
    [
        # A quoted envelope address that holds separators and a result.
        f'{OURS}; spf=fail smtp.mailfrom="a; {WANTED}; x"@evil.example',
        f'{OURS}; spf=fail smtp.mailfrom="a; {WANTED}"',
        # A comment that begins inside of one quoted string and ends inside of another.
        f'{OURS}; spf=fail smtp.mailfrom="(" reason="); {WANTED}"',
        f'{OURS}; spf=fail reason="a (b"; dmarc=fail; x=y reason="c) {WANTED}"',
        # Escapes that end a string or a comment only for whoever does not know them.
        rf'{OURS}; spf=fail smtp.mailfrom="a\"; {WANTED}; x="b"',
        rf"{OURS}; spf=fail (a \) ; {WANTED} ;) smtp.mailfrom=evil.example",
        # Encoded words, which a decoder would turn into results.
        f"{OURS}; spf=fail smtp.mailfrom==?utf-8?q?a=3B_dmarc=3Dpass_header=2Efrom=3D{DOMAIN}?=",
        # A property or result said twice, or quoted in a decisive place.
        f"{OURS}; dmarc=pass header.from=evil.example header.from={DOMAIN}",
        f'{OURS}; dmarc=pass header.from="{DOMAIN}"',
        f'{OURS}; dkim=pass header.d="{DOMAIN}"',
        f'{OURS}; "dmarc"=pass header.from={DOMAIN}',
        f"{OURS}; {WANTED}; dmarc=fail header.from=evil.example",
        f"{OURS}; dmarc=pass header.from=evil.example; dkim=pass header.d={DOMAIN}",
        # The name of our server quoted, in a comment, or followed by more than a version.
        f'"{OURS}"; {WANTED}',
        f"({OURS}) mx.evil.example; {WANTED}",
        f"{OURS} evil 1; {WANTED}",
        # Left open.
        f'{OURS}; {WANTED} reason="',
        f"{OURS}; {WANTED} (",
        f"{OURS}; {WANTED} )",
        # The envelope speaks for nobody.
        f"{OURS}; spf=pass smtp.mailfrom={DOMAIN}",
        f"{OURS}; spf=pass smtp.mailfrom={DOMAIN}; dmarc=none header.from={DOMAIN}",
        # Another domain that only ends or begins like ours.
        f"{OURS}; dmarc=pass header.from=evil-{DOMAIN}",
        f"{OURS}; dkim=pass header.d={DOMAIN}.evil.example",
    ],
)
def test_a_forged_header_does_not_pass(header: str) -> None:
    assert not authentic(header)


@pytest.mark.parametrize(
    "header",
    [
        f"{OURS}; {WANTED}",
        f"{OURS} 1 ;\r\n\tdmarc=pass (p=reject dis=none) header.from={DOMAIN}",
        f"{OURS}; dkim=pass header.d={DOMAIN} header.b=ab+/c== header.s=s1; spf=fail",
        f'{OURS}; spf=pass reason="said; (so)" smtp.mailfrom="odd; name"; {WANTED}',
        f"{OURS}; dmarc=none header.from={DOMAIN}; dkim=pass header.i=@{DOMAIN}",
    ],
)
def test_an_authentic_header_passes(header: str) -> None:
    assert authentic(header)


def test_a_server_that_names_itself_nowhere_is_believed_by_setting_alone() -> None:
    header = (
        f"spf=pass (sender IP is 203.0.113.9) smtp.mailfrom={DOMAIN}; dkim=pass (signature was "
        f"verified) header.d={DOMAIN};dmarc=pass action=none header.from={DOMAIN};compauth=pass "
        "reason=100"
    )
    assert authentic(header, NAMELESS)
    assert not authentic(header, OURS)
    assert not authentic(f"{OURS}; {WANTED}", NAMELESS)


def test_the_header_is_read_as_it_came() -> None:
    raw = (
        f"Authentication-Results: {OURS}; spf=fail\r\n smtp.mailfrom==?utf-8?q?a=3B_{WANTED}?=\r\n"
        f"From: a@{DOMAIN}\r\n\r\n"
    )
    assert not judge(read_headers("1", raw.encode()).results, OURS, DOMAIN).authentic


_PIECES = [*'";=() \\', "a", "dmarc", "pass", "header.from", DOMAIN, "\r\n "]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_no_envelope_address_makes_a_failed_mail_pass(chosen: str) -> None:
    """Whatever stands in a quoted address or a comment, written as a server would write it."""
    escaped = chosen.replace("\\", "\\\\").replace('"', '\\"')
    commented = chosen.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    for header in (
        f'{OURS}; spf=fail smtp.mailfrom="{escaped}"; dmarc=fail header.from={DOMAIN}',
        f'{OURS}; spf=fail smtp.mailfrom="{escaped}"',
        f"{OURS}; spf=fail ({commented}) smtp.mailfrom=evil.example",
        # And as one that escapes nothing would.
        f'{OURS}; dmarc=fail header.from={DOMAIN}; spf=fail smtp.mailfrom="{chosen}"',
    ):
        assert not authentic(header), header
