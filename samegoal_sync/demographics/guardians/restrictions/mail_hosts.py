"""Mail hosts that everybody knows: two names of one, and the one that a mistyped host means.

A host that is not in the table may be a person's own, and a slip in it another's: only what is
nearly one of these is read as it. What *is* one of them is never read as another, for
``mail.com``, ``gmail.com`` and ``ymail.com`` are three.
"""

from __future__ import annotations

from functools import lru_cache

from samegoal_sync.demographics.guardians.restrictions.slips import is_slip

#: Hosts of one mailbox: another name of the host -> the one it is compared by.
SAME_MAILBOX = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
}
#: Of web mail, and of the providers of lines to homes in North America.
WELL_KNOWN = frozenset(
    ["gmail.com", "yahoo.com", "ymail.com", "rocketmail.com", "hotmail.com", "outlook.com",
     "live.com", "msn.com", "icloud.com", "aol.com", "aim.com", "proton.me", "mail.com",
     "email.com", "gmx.com", "gmx.net", "gmx.us", "zoho.com", "fastmail.com", "hey.com", "duck.com",
     "tutanota.com", "juno.com", "netzero.net", "netzero.com", "inbox.com", "usa.net", "usa.com",
     "comcast.net", "xfinity.com", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net",
     "pacbell.net", "ameritech.net", "swbell.net", "prodigy.net", "cox.net", "charter.net",
     "spectrum.net", "roadrunner.com", "twc.com", "rr.com", "earthlink.net", "mindspring.com",
     "frontier.com", "frontiernet.net", "windstream.net", "centurylink.net", "centurytel.net",
     "embarqmail.com", "optonline.net", "optimum.net", "suddenlink.net", "cableone.net",
     "mediacombb.net", "q.com", "tds.net", "gci.net", "rogers.com", "shaw.ca", "bell.net",
     "sympatico.ca", "telus.net", "videotron.ca", "qq.com", "163.com", "126.com", "naver.com",
     "hanmail.net", "mail.ru", "yandex.ru", "yandex.com", "web.de", "gmx.de", "orange.fr",
     "free.fr", "libero.it", "prodigy.net.mx", "rediffmail.com",
     *(f"yahoo.{end}" for end in ("ca", "com.mx", "com.br", "co.uk", "co.in", "co.jp", "es", "fr",
                                  "de", "it", "in", "com.ar", "com.au", "com.ph", "com.vn")),
     *(f"hotmail.{end}" for end in ("ca", "co.uk", "es", "fr", "de", "it", "com.mx", "com.br")),
     *(f"live.{end}" for end in ("ca", "co.uk", "com.mx", "fr", "de", "it", "nl", "com.au")),
     *(f"outlook.{end}" for end in ("es", "fr", "de", "it", "com.br", "com.mx", "com.au"))]
) | SAME_MAILBOX.keys() | frozenset(SAME_MAILBOX.values())  # fmt: skip
#: How an address ends: with one of these, or the ending of a host of the table.
ENDINGS = frozenset({"com", "net", "org", "edu", "gov", "us"}) | {
    host.rpartition(".")[2] for host in WELL_KNOWN
}
#: Names of so many letters are the same with one letter wrong, or with another ending; shorter
#: ones (``aol``, ``live``) are others' then.
_LONG_NAME, _LONG_ENOUGH_ALONE = 4, 5
_SHORTEST_ENDING = 2


def of_mailbox(host: str) -> str:
    """The host by which one of several names of a mailbox is compared."""
    return SAME_MAILBOX.get(host, host)


@lru_cache(maxsize=10_000)
def meant_hosts(host: str) -> frozenset[str]:
    """The host, and each well-known one that it may be a slip for.

    Args:
        host: in small letters.
    """
    plain = host.removeprefix("www.")
    if plain in WELL_KNOWN:
        return frozenset({of_mailbox(plain)})
    name, _, ending = plain.partition(".")
    by_ending = {known for known in _NAMED.get(name, ()) if _is_ending(ending, known, len(name))}
    meant = by_ending or {known for known in WELL_KNOWN if _is_slip(plain, known)}
    return frozenset({host, *map(of_mailbox, meant)})


def _is_ending(ending: str, known: str, letters: int) -> bool:
    """Whether the ending is a slip for that of a known host of the same name, or any other, or
    none, where the name has so many letters that it tells enough."""
    its_ending = known.partition(".")[2]
    return letters >= _LONG_ENOUGH_ALONE or is_slip(ending, its_ending, _SHORTEST_ENDING)


def _is_slip(host: str, known: str) -> bool:
    """Whether name and ending are those of a known host but for a slip in each, or the dot
    between them is missing."""
    if host == known.replace(".", "", 1):
        return True
    name, _, ending = host.partition(".")
    its_name, _, its_ending = known.partition(".")
    swapped = len(name) == len(its_name) and sorted(name) == sorted(its_name)
    return is_slip(name, its_name, 1 if swapped else _LONG_NAME) and (
        ending == its_ending or is_slip(ending, its_ending, _SHORTEST_ENDING)
    )


#: First word of a known host -> the hosts.
_NAMED = {
    name: tuple(known for known in WELL_KNOWN if known.partition(".")[0] == name)
    for name in {known.partition(".")[0] for known in WELL_KNOWN}
}
