"""Has the sandbox generate a secret, as the technical team does on Skyward's vendor side."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from samegoal_sync.district import District
from samegoal_sync.errors import UsageError
from samegoal_sync.qmlativ.http.connection import is_loopback
from samegoal_sync.secret import Secret


def secret_from_sandbox(url: str, district: District) -> Secret:
    """A new secret for the district's Integration Access in the sandbox at ``url``.

    Raises:
        UsageError: it is not a sandbox of this machine, or it has no such record.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise UsageError(
            "--from-sandbox takes the address of a sandbox on this machine",
            hint="for example http://127.0.0.1:8900, as samegoal-sync sandbox serve prints it",
        )
    # By its address: the registry's slug of a district need not be the sandbox's.
    system = quote(urlsplit(district.base_url).path.strip("/"), safe="")
    path = f"/sandbox/{system}/access/{quote(district.client_key, safe='')}/secret"
    request = urllib.request.Request(f"http://{parts.netloc}{path}", data=b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return Secret(json.loads(answer.read())["secret"])
    except urllib.error.HTTPError as error:
        error.close()
        raise UsageError(
            f"the sandbox has no Integration Access of {district.slug} with its Key",
            hint="create it on the sandbox's page of the district (Administrative Access > API > "
            "Integration), with the Key that districts show prints",
        ) from None
    except (OSError, ValueError, KeyError):
        raise UsageError(
            "no sandbox answers there", hint="start one: samegoal-sync sandbox serve"
        ) from None
