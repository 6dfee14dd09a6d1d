"""The portal's web process signs in as a role that owns nothing, with the rights its pages need."""

from __future__ import annotations

from alembic import op

from samegoal_sync.database.migrations.roles import (
    CONNECT_WEB_ROLE,
    CREATE_WEB_ROLE,
    PORTAL_ROLE,
    WEB_ROLE,
)

revision = "0021"
down_revision = "0020"

#: Outside of a district's transaction: accounts, how districts stand, what they choose. No
#: student, guardian or document; of what is sealed, that it is there.
_GRANTS = {
    "alembic_version": "select",
    "districts": "select, update (settings, time_zone, hour)",
    "district_parameters": "select (district, kind, name, sealed)",
    "district_secrets": "select (district)",
    "district_events": "insert",
    "portal_users": "select, update (password_hash, last_signed_in_at)",
    "portal_sessions": "select, insert, update (seen_at, state), delete",
    "portal_sign_in_tries": "select, insert, delete",
    "portal_devices": "select, insert, update (seen_at), delete",
    "portal_second_factors": "select, insert, update",
    "portal_keys": "select",
    "audit_log": "select, insert",
    "syncs": "select",
    "nights": "select",
    "deliveries": "select",
    "heartbeats": "select",
    "running_imports": "select",
    "decisions": "select",
    "held_nights": "select (district, sync_id, night)",
    "caseload_buildings": "select",
    "caseload_students": "select",
    "refreshes": "select, insert, update, delete",
}

#: Table under row-level security -> what the login may do there, and to which rows.
_POLICIES = {
    "districts": {"select": "true", "update": "true"},
    "syncs": {"select": "true"},
    "held_nights": {"select": "true"},
    "caseload_buildings": {"select": "true"},
    "caseload_students": {"select": "true"},
    "refreshes": {"all": "true"},
    # The technical team's own lines, and those of districts that were removed.
    "audit_log": {
        "insert": "true",
        "select": "district is null or not exists "
        "(select from samegoal.districts d where d.slug = audit_log.district)",
    },
}


def upgrade() -> None:
    for statement in (CREATE_WEB_ROLE, *CONNECT_WEB_ROLE):
        op.execute(statement)
    # Whether a parameter is sealed may be known to whoever may not read what is sealed.
    op.execute(
        "alter table district_parameters add column sealed boolean not null "
        "generated always as (ciphertext is not null) stored"
    )
    # What erasing would take away, a district's own pages say: whether a night is held is part.
    op.execute("alter table held_nights enable row level security")
    op.execute(f"grant select (district) on held_nights to {PORTAL_ROLE}")
    op.execute(
        f"create policy own_district on held_nights for select to {PORTAL_ROLE} "
        "using (district = current_setting('samegoal.district', true) "
        "and (select samegoal.sees_all()))"
    )
    op.execute(f"grant usage on schema samegoal to {WEB_ROLE}")
    for table, rights in _GRANTS.items():
        op.execute(f"grant {rights} on {table} to {WEB_ROLE}")
    for table, policies in _POLICIES.items():
        for what, rows in policies.items():
            clause = "with check" if what == "insert" else "using"
            op.execute(
                f"create policy web_{what} on {table} for {what} to {WEB_ROLE} {clause} ({rows})"
            )
