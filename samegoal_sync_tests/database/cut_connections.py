"""Connections that Postgres ends in the middle of a statement, as a server that is stopped does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def connections_cut_off(database_url: str, table: str, times: int = 1) -> Iterator[None]:
    """Within the block, each of the next so many statements that write to a table is cut off.

    Args:
        table: with its schema.

    Raises:
        AssertionError: nobody wrote to it.
    """
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(
            f"""
            create sequence public.cuts;
            create function public.cut() returns trigger language plpgsql as $$ begin
                if nextval('public.cuts') <= {times} then
                    perform pg_terminate_backend(pg_backend_pid());
                end if;
                return new;
            end $$;
            create trigger cut before insert or update on {table}
                for each row execute function public.cut()
            """.encode()
        )
        try:
            yield
        finally:
            admin.execute(f"drop trigger cut on {table}; drop function public.cut()".encode())
        used = admin.execute("select is_called from public.cuts").fetchone()
        admin.execute("drop sequence public.cuts")
        assert used == (True,), f"nothing was written to {table}"
