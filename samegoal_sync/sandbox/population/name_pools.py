"""The pools that people, streets and towns are made of: common names, invented places.

No line of it is a real person; phones use the numbers 555-0100 to 555-0199 that are kept
free for fiction, and e-mails the domains that are kept free for examples.
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


LAST_NAMES: tuple[str, ...] = (
    *_words(
        """Abbott Acosta Adeyemi Alvarado Anderson Bailey Baptiste Becker Bennett Brooks
        Calloway Castillo Chavez Clark Cohen Cruz Dalton Delgado Dixon Duarte Ellison
        Espinoza Farley Fields Fischer Flores Fuentes Garza Gibson Grady Guerrero Haddad
        Hansen Harper Hayes Hoang Holloway Ibarra Iverson Jacobs Jansen Kaplan Keller
        Khan Kowalski Lambert Larsen Le Lindgren Lopez Maddox Malone Marquez Mbeki
        Mendoza Meyer Moreno Nakamura Navarro Nguyen Norris Novak Okafor Olsen Ortega
        Osborne Pacheco Parker Patel Pham Porter Quintero Ramos Reyes Rivera Rosales
        Salinas Sanders Schmidt Shah Silva Singh Solis Sterling Tanaka Thornton Torres
        Trujillo Underwood Valdez Vang Vargas Vasquez Walker Weber Whitfield Xiong Yates
        Young Zamora Zhang Zimmer"""
    ),
    "O'Brien",
    "D'Angelo",
    "O\u2019Connell",
    "Peña",
    "Muñoz",
    "Núñez",
    "Gutiérrez",
    "Jiménez",
    "Müller",
    "Søndergaard",
    "Łukasik",
    "Çelik",
    "Nikolić",
    "Smith-Jones",
    "García-Márquez",
    "de la Cruz",
    "Van der Berg",
    "St. Clair",
    "Al-Hassan",
    "McAllister",
    "MacDonald",
    "Ka\u02bbahumanu",
    "Begay Yazzie",
    "N'Diaye",
)

GIRLS: tuple[str, ...] = (
    *_words(
        """Ada Aaliyah Abigail Adriana Alma Amara Ana Aria Ava Beatriz Bella Brianna Camila
        Carmen Chloe Clara Daniela Delia Elena Eliza Emma Esme Eva Fatima Fiona Gabriela
        Grace Hannah Hazel Imani Iris Isabella Ivy Jada Jasmine Julia Kayla Keira Laila
        Leah Lena Lila Lucia Luna Maya Mei Mia Mila Naomi Nina Nora Olivia Paloma
        Penelope Priya Quinn Riley Rosa Ruby Sadie Sofia Stella Tessa Valeria Vera
        Willow Ximena Yara Zoey"""
    ),
    "Zoë",
    "Siân",
    "Renée",
    "María José",
    "Chloé",
    "Anaïs",
    "Jo Ann",
    "Nhã",
    "D'Asia",
)

BOYS: tuple[str, ...] = (
    *_words(
        """Aaron Adrian Aiden Alejandro Amir Andre Antonio Asher Austin Bao Benjamin Caleb
        Carlos Carter Cesar Damian Daniel David Diego Dylan Eduardo Eli Emmanuel Ethan
        Felix Gabriel Gavin George Hassan Henry Hugo Ian Isaac Ivan Jaden James Javier
        Jayden Joaquin Jonah Jose Joshua Julian Kai Kofi Leo Levi Liam Logan Lucas Luis
        Marcus Mateo Micah Miles Nathan Noah Oliver Omar Oscar Owen Rafael Ravi Roman
        Ryan Samuel Santiago Theo Tomas Tyler Victor Wyatt Xavier Yusuf Zane"""
    ),
    "José",
    "André",
    "Jesús",
    "Søren",
    "Björn",
    "Ángel",
    "D'Andre",
    "J.T.",
    "Juan Pablo",
    "Kā'eo",
)

#: Names of newcomers that were entered in their own script.
OTHER_SCRIPT_FIRST: tuple[str, ...] = (
    "美玲",
    "子涵",
    "Наталья",
    "Иван",
    "محمد",
    "ليلى",
    "ไพลิน",
    "민준",
    "Δήμητρα",
)
OTHER_SCRIPT_LAST: tuple[str, ...] = (
    "陳",
    "王",
    "Петрова",
    "Коваленко",
    "الحسن",
    "Παππάς",
    "김",
    "שלום",
)

#: A first name and the short one that school uses.
NICKNAMES: tuple[str, ...] = ("Bo", "Cricket", "Dee", "Buddy", "Kit", "Lulu", "Mac", "Tex", "Bea")

STREETS: tuple[str, ...] = tuple(
    f"{name} {kind}"
    for name, kind in zip(
        _words(
            """Alder Amber Aspen Bluebird Bluestem Bramble Briar Canyon Cedar Cinder Clover Copper
            Cottonwood Coyote Dogwood Falcon Fern Foxglove Granite Heron Hickory
            Indigo Juniper Kestrel Lantern Larkspur Maple Meadow Mesa Millstone
            Mulberry Orchard Osprey Pecan Pinecone Prairie Quail Redbud Ridge
            Sagebrush Sandstone Sparrow Sycamore Thistle Timber Walnut Willow
            Windmill Yarrow Zinnia"""
        ),
        ("St", "Ave", "Ln", "Dr", "Ct", "Rd", "Blvd", "Cir", "Trl", "Way") * 5,
        strict=True,
    )
)

#: Invented towns with zip codes and counties of one state.
TOWNS: tuple[tuple[str, str, str], ...] = (
    ("Fairview", "75069", "Marlow"),
    ("Oak Hollow", "75072", "Marlow"),
    ("Cedar Bend", "75081", "Marlow"),
    ("Prairie Gate", "75094", "Tillman"),
    ("Saint Elmo", "75101", "Tillman"),
    ("Dry Fork", "75118", "Wexford"),
    ("Mill Crossing", "75126", "Wexford"),
    ("Lake Amity", "75147", "Wexford"),
)

STATES: tuple[tuple[str, str], ...] = (
    ("TX", "Texas"),
    ("OK", "Oklahoma"),
    ("NM", "New Mexico"),
    ("LA", "Louisiana"),
    ("MN", "Minnesota"),
    ("WI", "Wisconsin"),
    ("IN", "Indiana"),
    ("MA", "Massachusetts"),
)

#: Code, description.
LANGUAGES: tuple[tuple[str, str], ...] = (
    ("en", "English"),
    ("es", "Spanish"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
    ("ar", "Arabic"),
    ("hmn", "Hmong"),
    ("so", "Somali"),
    ("ru", "Russian"),
    ("fr", "French"),
    ("ase", "American Sign Language"),
    ("OT", "Other"),
    ("pt ", "Portuguese"),
)

RELATIONSHIPS: tuple[tuple[str, str], ...] = (
    ("MO", "Mother"),
    ("FA", "Father"),
    ("SM", "Stepmother"),
    ("SF", "Stepfather"),
    ("GM", "Grandmother"),
    ("GF", "Grandfather"),
    ("FP", "Foster Parent"),
    ("AU", "Aunt"),
    ("SELF", "Self"),
    ("SIB", "Sibling"),
    ("LG", "Legal Guardian"),
    ("CW", "Case Worker"),
)

SUFFIXES: tuple[tuple[str, str], ...] = (
    ("Jr", "Jr."),
    ("Sr", "Sr."),
    ("II", "II"),
    ("III", "III"),
    ("IV", "IV"),
)

#: Code, description, type, type code.
WITHDRAWAL_CODES: tuple[tuple[str, str, str, str], ...] = (
    ("T1", "Transferred to another public school in the state", "Transfer", "T"),
    ("T2", "Moved out of state", "Transfer", "T"),
    ("T3", "Transferred to a private school", "Transfer", "T"),
    ("H1", "Home schooling", "Withdrawal", "W"),
    ("W1", "Withdrawn by parent", "Withdrawal", "W"),
    ("D1", "Dropped out", "Dropout", "D"),
    ("G1", "Graduated with diploma", "Graduate", "G"),
    ("I1", "Change of school within the district", "Transfer Within District", "I"),
    ("N1", "No show", "No Show", "N"),
)

AREA_CODES: tuple[str, ...] = (
    "214",
    "469",
    "972",
    "817",
    "682",
    "903",
    "430",
    "512",
    "737",
    "210",
    "713",
    "281",
    "405",
    "918",
    "505",
)
MAIL_DOMAINS: tuple[str, ...] = ("example.com", "example.org", "example.net", "mail.example.com")

SCHOOL_NAMES: tuple[str, ...] = (
    "Bluestem",
    "Cottonwood",
    "Larkspur",
    "Redbud",
    "Juniper",
    "Meadowlark",
    "Sagebrush",
    "Windmill",
    "Pecan Grove",
    "Granite Ridge",
    "Lantern Hill",
    "Osprey Lake",
    "Quail Run",
    "Thistle Creek",
)
