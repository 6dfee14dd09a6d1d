"""A small client of the tests' own, written as others write theirs: requests and dicts."""

from __future__ import annotations

from typing import Any

import requests

from samegoal_sync.sandbox import Sandbox


class ApiCaller:
    """Logs in to one district of a sandbox and calls it."""

    def __init__(self, sandbox: Sandbox, slug: str, key: str, **access: Any) -> None:
        self.base = sandbox.base_url(slug)
        self.key = key
        sandbox.create_access(slug, key, **access)
        self.secret = sandbox.generate_secret(slug, key)
        self.headers = {"Suppress-Development-Permissions": "true"}
        self.log_in()

    def token(self, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.key,
            "client_secret": self.secret,
        }
        return requests.post(f"{self.base}/oauth/token", data={**form, **changes}, timeout=10)

    def log_in(self) -> None:
        self.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def get(self, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", 10)
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.get(f"{self.base}/{path}", headers=headers, **options)

    def search(
        self,
        name: str,
        fields: list[str],
        page: int = 1,
        size: int = 100_000,
        entity: int = 1,
        **body: Any,
    ) -> requests.Response:
        """One page by POST, sorted and filtered as ``body`` says."""
        return requests.post(
            f"{self.base}/Custom/{entity}/{name}/{page}/{size}",
            params=[("searchFields", field) for field in fields],
            json=body,
            headers=self.headers,
            timeout=10,
        )

    def find(
        self, name: str, fields: list[str], kind: str, **condition: Any
    ) -> list[dict[str, Any]]:
        """The objects that one condition finds."""
        answer = self.search(name, fields, SearchCondition={kind: condition})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["Objects"]
        return found
