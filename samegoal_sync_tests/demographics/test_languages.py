"""Languages by exact code or complete name; whatever else is said is not known."""

from __future__ import annotations

import pytest
from iso639 import iter_langs

from samegoal_sync.demographics.values.languages import english_names, language_of
from samegoal_sync.district import DistrictSettings
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder

_WITH_TWO_LETTERS = [lang for lang in iter_langs() if lang.pt1]


def test_every_code_of_iso_639_1_and_2_is_its_language() -> None:
    wrong = [
        (code, lang.pt1)
        for lang in _WITH_TWO_LETTERS
        for code in {lang.pt1, lang.pt2b, lang.pt2t, lang.pt3} - {"", None}
        for text in (code, code.upper())
        if language_of(text, None) != (lang.pt1, False)
    ]
    assert wrong == []


def test_every_language_of_iso_639_3_is_its_macrolanguage_or_not_known() -> None:
    for lang in iter_langs():
        macro = lang.macro()
        expected = lang.pt1 or (macro.pt1 if macro else "") or None
        if lang.pt3 and lang.pt3 not in ("und", "zxx"):
            assert language_of(lang.pt3, None) == (expected, expected is None)
            found, _ = language_of("99", lang.name)
            assert found in (expected, None) or lang.name == "Filipino", lang.name


@pytest.mark.parametrize("code", sorted(english_names()))
def test_every_name_of_a_language_with_two_letters_is_found(code: str) -> None:
    assert language_of("77", english_names()[code]) == (code, False)


@pytest.mark.parametrize(
    ("code", "description", "language"),
    [
        ("01", "Spanish; Castilian", "es"),
        ("01", "SPANISH", "es"),
        ("01", "Español", "es"),
        ("01", "Persian (Farsi)", "fa"),
        ("01", "Chinese, Mandarin", "zh"),
        ("01", "Pushto/Pashto", "ps"),
        ("01", "Haitian Creole", "ht"),
        ("fil", "Filipino", "tl"),
        ("spa", "Spanish (Mexico)", "es"),
        # The description wins over what the code would be in ISO.
        ("CH", "Chinese", "zh"),
        ("SP", "Spanish", "es"),
        ("AR", "Armenian", "hy"),
        ("GA", "Georgian", "ka"),
        ("en", "Spanish", "es"),
        # A wrong language with confidence, once: by the first word, or by the code all the same.
        ("CH", "Chinese - Simplified", None),
        ("CRE", "Creole (Cape Verde)", None),
        ("01", "Spanish Sign Language", None),
        ("01", "English based Creole", None),
        ("01", "German Low", None),
        ("01", "Ga", None),
        ("ga", "Ga", None),
        ("01", "French or Spanish", None),
        ("01", "Spanish/English", None),
        ("99", "Klingonish", None),
        ("zz", None, None),
        ("hmn", "Hmong", None),
        ("ase", "American Sign Language", None),
        # A code that the description denies, or that is one of several.
        ("es", "Not Spanish", None),
        ("es", "Other than Spanish", None),
        ("en", "English and Spanish", None),
        ("en", "Spanish/English", None),
        ("en", "English Creole (Jamaica)", None),
        ("de", "Low German dialects", None),
        ("es", "Spanish Sign Language (LSM)", None),
        ("el", "Ancient Greek texts", None),
        ("fr", "French (Canada)", "fr"),
        ("99", "No", None),
    ],
)
def test_exact_codes_and_complete_names_only(
    code: str | None, description: str | None, language: str | None
) -> None:
    assert language_of(code, description) == (language, language is None)


@pytest.mark.parametrize(
    ("code", "description"),
    [(None, None), ("", None), ("und", None), ("en", "Unknown"), ("00", "Not Specified")],
)
def test_what_says_nothing_is_blank(code: str | None, description: str | None) -> None:
    assert language_of(code or None, description) == (None, False)


def test_a_districts_own_mapping_wins_and_the_unmatched_are_listed_with_counts() -> None:
    district = DistrictBuilder()
    for number, language in enumerate((3, 3, 2), 1):
        district.family(district.student(f"S{number}"), language=language)
    assert district.students().findings["languages_not_matched"] == {"Klingon": 2}
    for key in ("klingon", "99"):
        settings = DistrictSettings(languages={key: "en"})
        curated = district.students(settings)
        assert curated.frame["home_language"].to_list() == ["en", "en", "es"]
        assert curated.findings["languages_not_matched"] == {}
