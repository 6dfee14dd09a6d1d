"""The roles that several revisions grant rights to."""

from __future__ import annotations

#: The role that the portal takes on for each transaction: no owner, so row-level security holds.
PORTAL_ROLE = "samegoal_portal"

#: Creates the role, once a cluster; another database's migration may do so at this moment.
CREATE_ROLE = f"""
    do $$ begin
        if not exists (select from pg_roles where rolname = '{PORTAL_ROLE}') then
            create role {PORTAL_ROLE} nologin;
        end if;
    exception when duplicate_object or unique_violation then null;
    end $$
"""

#: Lets our own user take it on. Who has the role already may not be allowed to grant it, and need
#: not. Being a member is enough before Postgres 16; since then taking it on is a right of its own.
TAKE_ON_ROLE = f"""
    do $$ begin
        if not pg_has_role(current_user, '{PORTAL_ROLE}',
            case when current_setting('server_version_num')::int >= 160000
                then 'SET' else 'MEMBER' end)
        then
            grant {PORTAL_ROLE} to current_user;
        end if;
    end $$
"""
