"""Languages as two-letter ISO 639-1 codes, from a code or a name as districts write them."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: ISO 639-1 code, ISO 639-2 codes, English names (lower case). Languages met in US schools.
_LANGUAGES = """
aa aar afar|ab abk abkhazian|af afr afrikaans|ak aka akan twi|am amh amharic|ar ara arabic
as asm assamese|ay aym aymara|az aze azerbaijani|be bel belarusian|bg bul bulgarian
bm bam bambara|bn ben bengali bangla|bo bod tib tibetan|bs bos bosnian|ca cat catalan
ch cha chamorro|co cos corsican|cs ces cze czech|cy cym wel welsh|da dan danish
de deu ger german|dv div dhivehi divehi maldivian|dz dzo dzongkha|ee ewe|el ell gre greek
en eng english|eo epo esperanto|es spa spanish castilian español|et est estonian|eu eus baq basque
fa fas per farsi persian dari|ff ful fulah fulani fula|fi fin finnish|fj fij fijian|fo fao faroese
fr fra fre french|ga gle irish|gd gla gaelic|gl glg galician|gn grn guarani|gu guj gujarati
ha hau hausa|he heb hebrew|hi hin hindi|hr hrv croatian|ht hat haitian haitian_creole
hu hun hungarian|hy hye arm armenian|id ind indonesian|ig ibo igbo|ii iii nuosu|ik ipk inupiaq
is isl ice icelandic|it ita italian|iu iku inuktitut|ja jpn japanese|jv jav javanese
ka kat geo georgian|kg kon kongo kikongo|ki kik kikuyu|kk kaz kazakh|kl kal greenlandic
km khm khmer cambodian|kn kan kannada|ko kor korean|kr kau kanuri|ks kas kashmiri
ku kur kurdish|ky kir kyrgyz kirghiz|la lat latin|lb ltz luxembourgish|lg lug ganda luganda
ln lin lingala|lo lao laotian|lt lit lithuanian|lu lub luba-katanga|lv lav latvian
mg mlg malagasy|mh mah marshallese|mi mri mao maori|mk mkd mac macedonian|ml mal malayalam
mn mon mongolian|mr mar marathi|ms msa may malay|mt mlt maltese|my mya bur burmese
na nau nauru|ne nep nepali|nl nld dut dutch flemish|no nor norwegian|nv nav navajo
ny nya chichewa nyanja|oc oci occitan|oj oji ojibwa ojibwe|om orm oromo|or ori odia oriya
os oss ossetian|pa pan punjabi panjabi|pl pol polish|ps pus pashto pushto|pt por portuguese
qu que quechua|rn run rundi kirundi|ro ron rum romanian moldovan|ru rus russian
rw kin kinyarwanda|sa san sanskrit|sd snd sindhi|sg sag sango|si sin sinhala sinhalese
sk slk slo slovak|sl slv slovenian|sm smo samoan|sn sna shona|so som somali|sq sqi alb albanian
sr srp serbian|st sot sotho|su sun sundanese|sv swe swedish|sw swa swahili kiswahili|ta tam tamil
te tel telugu|tg tgk tajik|th tha thai|ti tir tigrinya|tk tuk turkmen|tl tgl tagalog filipino fil
tn tsn tswana|to ton tongan|tr tur turkish|ts tso tsonga|tt tat tatar|ug uig uyghur uighur
uk ukr ukrainian|ur urd urdu|uz uzb uzbek|vi vie vietnamese|wo wol wolof|xh xho xhosa
yi yid yiddish|yo yor yoruba|za zha zhuang|zh zho chi chinese mandarin cantonese mandarin_chinese
zu zul zulu
"""


def _codes() -> dict[str, str]:
    entries = (entry.split() for line in _LANGUAGES.split("\n") for entry in line.split("|"))
    return {word.replace("_", " "): words[0] for words in entries if words for word in words}


#: Any code or English name, lower case -> ISO 639-1.
ISO_639_1 = _codes()
#: Words by which districts say that they don't know; blank, not invalid.
NOT_A_LANGUAGE = ("unknown", "undetermined", "und", "not specified", "none", "n/a")


def languages(raw: RawObjects) -> pl.DataFrame:
    """``LanguageID, language, language_invalid``: the code, or that none could be found.

    The name is tried first, then its first word (``Spanish; Castilian``), then the code: a
    district's own codes may look like ISO codes of other languages.
    """
    texts = lookup(raw, "Demographics/Language").select(
        "LanguageID",
        cleaned("Code").str.to_lowercase().alias("code"),
        cleaned("Description").str.to_lowercase().alias("name"),
    )
    first_word = pl.col("name").str.extract(r"^([\p{L}-]+)")
    found = pl.coalesce(
        _iso("name"), first_word.replace_strict(ISO_639_1, default=None), _iso("code")
    )
    unsaid = pl.any_horizontal(pl.col("code", "name").is_in(NOT_A_LANGUAGE).fill_null(False))
    blank = pl.all_horizontal(pl.col("code", "name").is_null())
    return texts.select(
        "LanguageID",
        found.alias("language"),
        (found.is_null() & ~unsaid & ~blank).alias("language_invalid"),
    )


def _iso(column: str) -> pl.Expr:
    return pl.col(column).replace_strict(ISO_639_1, default=None)
