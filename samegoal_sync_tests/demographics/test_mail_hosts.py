"""A restricted guardian's address at a mistyped mail host, or without its ``@``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samegoal_sync.demographics.guardians.restrictions.contact_values import (
    email_keys,
    keys_to_compare,
)
from samegoal_sync.demographics.guardians.restrictions.mail_hosts import (
    SAME_MAILBOX,
    WELL_KNOWN,
    meant_hosts,
    of_mailbox,
)
from samegoal_sync_tests.demographics.household import Household
from samegoal_sync_tests.demographics.test_spoilt_contacts import published

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONG_NAMED = sorted(host for host in WELL_KNOWN if len(host.partition(".")[0]) > 4)
_LOCAL = st.from_regex(r"[a-z][a-z0-9]{1,8}([._-][a-z0-9]{1,8})?", fullmatch=True)
#: A company's, a school's, or one's own.
_ORDINARY = st.one_of(
    st.from_regex(r"[a-z]{2,12}(isd|school|corp|law|farm)\.(com|org|net|edu|us)", fullmatch=True),
    st.from_regex(r"[a-z]{2,5}\.k12\.[a-z]{2}\.us", fullmatch=True),
    st.from_regex(r"[a-z]{7,12}\.(com|org|net|edu)", fullmatch=True),
).filter(lambda host: meant_hosts(host) == {host})


def _slips(word: str) -> Iterator[str]:
    """The word with one letter wrong, missing, too many, or two swapped."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        yield word[: at + 1] + word[at:]
        for letter in "xq":
            yield word[:at] + letter + word[at + 1 :]
            yield word[:at] + letter + word[at:]


def _same(one: str, other: str) -> bool:
    """Whether two addresses count as one, whichever of them the restricted guardian has."""
    ours, theirs = email_keys(one), email_keys(other)
    return bool(ours & keys_to_compare(theirs) or keys_to_compare(ours) & theirs)


@pytest.mark.parametrize("host", _LONG_NAMED)
def test_a_slip_in_the_name_of_a_known_host_or_in_its_ending_is_that_host(host: str) -> None:
    name, _, ending = host.partition(".")
    mistyped = {
        *(f"{slip}.{ending}" for slip in _slips(name)),
        *(f"{name}.{slip}" for slip in _slips(ending)),
        f"{name}{ending}", name, f"www.{host}", f"{host}.{ending}",
    } - {host}  # fmt: skip
    unknown = mistyped - WELL_KNOWN
    assert [slip for slip in unknown if of_mailbox(host) not in meant_hosts(slip)] == []


@pytest.mark.parametrize(
    ("mistyped", "right"),
    [("gmial.com", "gmail.com"), ("gmai.com", "gmail.com"), ("gmail.con", "gmail.com"),
     ("gmial.con", "gmail.com"), ("gmail.co", "gmail.com"), ("hotmial.com", "hotmail.com"),
     ("yaho.com", "yahoo.com"), ("alo.com", "aol.com"), ("aol.con", "aol.com"),
     ("iclould.com", "me.com"), ("outlok.com", "outlook.com"), ("comcast.com", "comcast.net")],
)  # fmt: skip
def test_a_mistyped_host_on_either_of_two_parents(mistyped: str, right: str) -> None:
    for his, hers in ((mistyped, right), (right, mistyped)):
        assert published([(f"gil.vale@{his}", f"gil.vale@{hers}")], "email") == []


def test_no_two_known_hosts_are_one() -> None:
    for one, other in combinations(sorted(WELL_KNOWN), 2):
        same = SAME_MAILBOX.get(one, one) == SAME_MAILBOX.get(other, other)
        assert _same(f"gil.vale@{one}", f"gil.vale@{other}") is same, (one, other)


@given(_LOCAL, st.sampled_from(sorted(WELL_KNOWN)), st.sampled_from(sorted(WELL_KNOWN)))
def test_no_name_makes_two_known_hosts_one(local: str, one: str, other: str) -> None:
    same = SAME_MAILBOX.get(one, one) == SAME_MAILBOX.get(other, other)
    assert _same(f"{local}@{one}", f"{local}@{other}") is same


@settings(max_examples=300)
@given(st.lists(st.tuples(_LOCAL, _ORDINARY | st.sampled_from(sorted(WELL_KNOWN))), min_size=2,
                max_size=2))  # fmt: skip
def test_two_ordinary_addresses_are_never_one(people: list[tuple[str, str]]) -> None:
    one, other = ((local.replace(".", ""), SAME_MAILBOX.get(host, host)) for local, host in people)
    assert _same(*(f"{local}@{host}" for local, host in people)) is (one == other)


@given(_LOCAL, _LOCAL, st.sampled_from(_LONG_NAMED), st.data())
def test_a_mistyped_host_makes_no_two_names_one(
    one: str, other: str, host: str, data: st.DataObject
) -> None:
    slip = data.draw(st.sampled_from(sorted({*_slips(host.partition(".")[0])} - {""})))
    same = one.replace(".", "") == other.replace(".", "")
    mistyped = f"{slip}.{host.partition('.')[2]}"
    assert _same(f"{one}@{mistyped}", f"{other}@{host}") is (same and not _another(mistyped, host))


def _another(mistyped: str, host: str) -> bool:
    """Whether the slip gave another known host."""
    return mistyped in WELL_KNOWN and of_mailbox(mistyped) != of_mailbox(host)


_WITHOUT = ("{}{}", "{} {}", "{}#{}", "{}2{}", "{}.{}", "Gil Vale {}{}", "e-mail: {}{}", "{}; {}",
            "una@x1.org {}{}", "{}{}, una@x1.org", '{}"{}')  # fmt: skip


@pytest.mark.parametrize("way", _WITHOUT)
@settings(max_examples=20)
@given(_LOCAL, st.sampled_from(sorted(WELL_KNOWN)) | _ORDINARY)
def test_an_address_without_its_sign(way: str, local: str, host: str) -> None:
    assert _same(way.format(local, host), f"{local}@{host}")
    assert not _same(way.format(local, host), f"ab{local}@{host}")


@pytest.mark.parametrize(
    ("his", "hers"),
    [
        ("gil.valegmail.com", "gil.vale@gmail.com"),
        ("gil.vale gmail.com", "gilvale@gmail.com"),
        ("gil.valegmial.com", "gil.vale@gmail.com"),
        ("gil.valehausfarm.org", "gil.vale@hausfarm.org"),
        ("gil.valeacme.com", "gil.vale@acme.com"),  # not of me.com alone
        ("gil.vale2hausfarm.org", "gil.vale@hausfarm.org"),
        ("gil.vale mail.hausfarm.org", "gil.vale@mail.hausfarm.org"),
    ],
)
def test_an_address_without_its_sign_on_a_restricted_guardian(his: str, hers: str) -> None:
    assert published([(his, hers)], "email") == []


def test_a_second_record_is_known_by_an_address_without_its_sign() -> None:
    home = Household()
    father, again = home.parent("Gil", "Vale", None), home.parent("Gilbert", "Vale", None)
    home.district.email(father, "g.vale@hausfarm.org")
    home.district.email(again, "g.valehausfarm.org")
    home.restrict(father)
    assert home.shown() == set()
