"""Published e-mails and phones that must go: a removed guardian's, standing on another one.

The transforms leave such values out of tonight's rows. A value that is published already can stay
all the same: its column was not shared tonight, or the night publishes nothing but removals. So
what is published is looked at too.
"""

from __future__ import annotations

from psycopg import sql

from samegoal_sync.demographics.columns.guardian_columns import GUARDIANS
from samegoal_sync.demographics.guardians.restrictions.contact_values import SAME_MAILBOX
from samegoal_sync.samegoal.publication.comparison import Comparison

#: Every column by which a guardian is reached.
CONTACTS = tuple(GUARDIANS.contacts)


def compare_contacts(comparison: Comparison) -> None:
    """Blank them in ``next_guardians`` and fill ``blanked``; needs ``denied`` and ``removed``."""
    comparison.execute(_KEYS_GONE)
    comparison.execute(
        "create temp table blanked (student_id text, published_id text, guardian_id bigint, "
        '"column" text) on commit drop'
    )
    denied = not comparison.guardians.denied.is_empty()
    (gone,) = comparison.row("select exists (select from keys_gone)")
    # Mostly neither: then there is nothing to look for, column by column.
    for column in CONTACTS if denied or gone else ():
        names = {"column": sql.Identifier(column), "name": sql.Literal(column)}
        of_next = _key(sql.Identifier("n", column))
        of_published = _key(sql.Identifier("p", column))
        comparison.execute(sql.SQL(_IN_NEXT).format(key=of_next, **names))
        comparison.execute(sql.SQL(_PUBLISHED).format(key=of_published, **names))
    comparison.execute("analyze blanked")


def apply_contacts(comparison: Comparison) -> None:
    """Blank what ``blanked`` lists; the row is compared in full the next time."""
    # Hardly ever any. A district that is new to Postgres's statistics is taken for one row, and
    # four updates of nothing then took as long as eight nights.
    listed = comparison.execute('select distinct "column" from blanked').fetchall()
    for (column,) in listed:
        comparison.execute(
            sql.SQL(
                """
                update guardians p set {column} = null, row_hash = null, changed_at = now()
                from blanked b where b."column" = {name} and p.district = %(slug)s
                    and p.student_id = b.student_id and p.guardian_id = b.guardian_id
                    and not exists (select from next_guardians n
                        where n.student_id = b.student_id and n.guardian_id = b.guardian_id)
                """
            ).format(column=sql.Identifier(column), name=sql.Literal(column))
        )


def _key(value: sql.Identifier) -> sql.Composed:
    """An e-mail or phone so that one value is found in its spellings (see contact_values.py)."""
    same = sql.SQL(" ").join(
        sql.SQL("when {} then {}").format(host, mailbox) for host, mailbox in SAME_MAILBOX.items()
    )
    return sql.SQL(_KEY).format(value=value, same=same)


#: Of an e-mail the small letters, without dots and plus-tag before the at, and one name of its
#: host; of a phone the last ten digits before its extension.
_KEY = """
    case when {value} like '%%@%%' then
        lower(replace(split_part(split_part({value}, '@', 1), '+', 1), '.', '')) || '@'
            || case lower(split_part({value}, '@', 2)) {same}
                else lower(split_part({value}, '@', 2)) end
    else right(regexp_replace(regexp_replace({value}, ' x[0-9]+$', ''), '[^0-9]', '', 'g'), 10)
    end
"""

_KEYS_GONE = sql.SQL(
    """
    create temp table keys_gone on commit drop as
    select r.published_id, {key} as key
    from removed r
    join guardians p on p.district = %(slug)s
        and p.student_id = r.published_id and p.guardian_id = r.guardian_id
    cross join lateral (values {contacts}) v (value)
    where r.withheld and v.value <> ''
    """
).format(
    key=_key(sql.Identifier("v", "value")),
    contacts=sql.SQL(", ").join(
        sql.SQL("({})").format(sql.Identifier("p", column)) for column in CONTACTS
    ),
)

_IN_NEXT = """
    update next_guardians n set {column} = null, differs = true
    where n.{column} is not null and (
        exists (select from denied d where d.student_id = n.student_id
            and d.guardian_id = n.guardian_id and d."column" = {name})
        or exists (select from keys_gone k where k.published_id = n.published_id
            and k.key = {key}))
"""

_PUBLISHED = """
    insert into blanked
    select coalesce(t.student_id, p.student_id), p.student_id, p.guardian_id, {name}
    from guardians p
    left join matched t on t.published_id = p.student_id
        and t.outcome = 'curated' and t.refused is null
    where p.district = %(slug)s and p.{column} is not null
        and (exists (select from keys_gone k where k.published_id = p.student_id
                and k.key = {key})
            or exists (select from denied d join matched m on m.student_id = d.student_id
                where m.published_id = p.student_id and d.guardian_id = p.guardian_id
                    and d."column" = {name}))
        and not exists (select from removed r where r.published_id = p.student_id
            and r.guardian_id = p.guardian_id)
"""
