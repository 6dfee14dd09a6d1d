"""The locks agree: what is installed for a fleet, a test or a benchmark holds what a run needs."""

from __future__ import annotations

import re
import tomllib

import pytest

from samegoal_sync.pipeline.home_files import CHECKOUT


def _pins(name: str) -> set[str]:
    text = (CHECKOUT / name).read_text()
    return set(re.findall(r"^([a-z0-9.-]+==[^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        ("requirements-fleet.lock", "requirements.lock"),
        ("requirements-test.lock", "requirements-fleet.lock"),
        ("requirements-bench.lock", "requirements-test.lock"),
    ],
)
def test_a_larger_lock_holds_the_smaller_one(larger: str, smaller: str) -> None:
    assert _pins(smaller)
    assert _pins(smaller) - _pins(larger) == set()


def test_what_builds_the_package_is_pinned_and_checked_against_its_hash() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    lock = (CHECKOUT / "requirements-build.lock").read_text()
    assert set(project["build-system"]["requires"]) == _pins("requirements-build.lock")
    assert lock.count("--hash=sha256:") >= len(_pins("requirements-build.lock")) > 0
    # Without isolation pip takes what was installed from the lock, and fetches nothing by itself.
    for name in ("Makefile", "deploy/README.md", "deploy/container/Containerfile"):
        text, installed = (CHECKOUT / name).read_text(), False
        for line in text.splitlines():
            if re.search(r"(--no-deps|INSTALL\)) .*(--editable )?\.( \\)?$", line.strip()):
                assert "--no-build-isolation" in line, f"{name}: {line}"
                installed = True
        assert installed, name
        assert "--require-hashes -r requirements-build.lock" in text
