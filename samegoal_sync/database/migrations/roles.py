"""The roles that several revisions grant rights to."""

from __future__ import annotations

#: The role that the portal takes on for each transaction: no owner, so row-level security holds.
PORTAL_ROLE = "samegoal_portal"

#: The portal's own login: accounts and how districts stand, and nothing that it could own.
WEB_ROLE = "samegoal_web"

_CREATE = """
    do $$ begin
        if not exists (select from pg_roles where rolname = '{role}') then
            create role {role} {options};
        end if;
    exception when duplicate_object or unique_violation then null;
    end $$
"""
# Who has a role already may not be allowed to grant it, and need not. Being a member is enough
# before Postgres 16; since then taking it on is a right of its own.
_GRANT = """
    do $$ begin
        if not pg_has_role({member}, '{role}',
            case when current_setting('server_version_num')::int >= 160000
                then 'SET' else 'MEMBER' end)
        then
            grant {role} to {grantee};
        end if;
    end $$
"""

#: Creates the role, once a cluster; another database's migration may do so at this moment.
CREATE_ROLE = _CREATE.format(role=PORTAL_ROLE, options="nologin")
#: Lets our own user take it on.
TAKE_ON_ROLE = _GRANT.format(member="current_user", role=PORTAL_ROLE, grantee="current_user")

#: It has no password until an operator gives it one. It inherits nothing: what a district's
#: transaction may do, it can do in such a transaction alone.
CREATE_WEB_ROLE = _CREATE.format(role=WEB_ROLE, options="login noinherit")
#: Lets the login take on the role of a district's transactions, and our own user the login.
CONNECT_WEB_ROLE = (
    _GRANT.format(member=f"'{WEB_ROLE}'", role=PORTAL_ROLE, grantee=WEB_ROLE),
    _GRANT.format(member="current_user", role=WEB_ROLE, grantee="current_user"),
)

#: All of it, in order.
ROLES = (CREATE_ROLE, TAKE_ON_ROLE, CREATE_WEB_ROLE, *CONNECT_WEB_ROLE)
