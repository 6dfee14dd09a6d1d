"""What an object's own metadata say of it: which fields this access may read."""

from __future__ import annotations

from samegoal_sync.qmlativ.errors import AnswerBroken, RequestRefused
from samegoal_sync.qmlativ.http.retry_policy import RetryPolicy
from samegoal_sync.qmlativ.http.transport import Transport, parsed


def described_fields(
    transport: Transport, retry_policy: RetryPolicy, address: str, name: str
) -> frozenset[str]:
    """The field names at an object's metadata address; none if it is refused or unusable."""
    try:
        answer = retry_policy.call(lambda: parsed(transport.get(address, name), name))
    except (RequestRefused, AnswerBroken):
        return frozenset()
    return frozenset(answer) if isinstance(answer, dict) else frozenset()
