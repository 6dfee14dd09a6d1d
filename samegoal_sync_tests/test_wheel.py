"""The package as somebody gets it who has no checkout: a wheel, another folder, the demo.

The environment has nothing but the wheel; what it depends on is found in the tests' own, by path.
Its editable install is not: a .pth file counts in an environment's own folder alone.
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import samegoal_sync
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync_tests.commands.command_line import free_ports, new_home

_FILES = ("dagster.yaml", "workspace.yaml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by way of an sdist, so that both hold what they need."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    unwanted = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "pictures")
    source.mkdir()
    for name in ("samegoal_sync", "docs"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=unwanted)
    for name in (*_FILES, "pyproject.toml", "setup.py", "MANIFEST.in", "README.md"):
        shutil.copy(CHECKOUT / name, source)
    build = "from setuptools import build_meta; build_meta.build_sdist('..')"
    _run(folder, sys.executable, "-c", build, cwd=source)
    (sdist,) = folder.glob("*.tar.gz")
    _run(folder, sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps",
         "--no-build-isolation", "--wheel-dir", str(folder), str(sdist))  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture
def installed(wheel: Path) -> Iterator[Path]:
    """An environment in a folder of its own; the command in it."""
    with new_home() as home:
        environment = home.parent / "env"
        venv.create(environment, with_pip=False, symlinks=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        _run(home.parent, sys.executable, "-m", "pip", "--python", str(environment / "bin/python"),
             "install", "--quiet", "--no-deps", str(wheel))  # fmt: skip
        (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        yield environment / "bin" / "samegoal-sync"


@pytest.mark.slow
def test_the_wheel_holds_the_two_files_that_dagster_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        for name in _FILES:
            packaged = opened.read(f"samegoal_sync/pipeline/shipped/{name}")
            assert packaged == (CHECKOUT / name).read_bytes()
        names = opened.namelist()
    assert "samegoal_sync/py.typed" in names
    assert any(name.endswith("0001_registry.py") for name in names)
    assert not [name for name in names if name.startswith(("samegoal_sync_tests", "benchmarks"))]


def test_every_package_that_is_imported_is_declared() -> None:
    """What another package happens to bring may be gone with its next version."""
    source = Path(samegoal_sync.__file__).parent
    imported = {
        name.partition(".")[0]
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
    }
    outside = imported - set(sys.stdlib_module_names) - {"samegoal_sync"}
    providers = importlib.metadata.packages_distributions()
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    declared = {
        _normal(re.split(r"[\s\[<>=!~;]", text, maxsplit=1)[0])
        for text in [*project["dependencies"], *project["optional-dependencies"]["fleet"]]
    }
    undeclared = {
        name for name in outside if not {_normal(one) for one in providers[name]} & declared
    }
    assert len(outside) > 20
    assert undeclared == set()


@pytest.mark.slow
def test_the_demo_runs_from_an_installed_wheel(installed: Path) -> None:
    folder = installed.parents[2] / "elsewhere"
    folder.mkdir()
    said = _run(folder, str(installed), "--version")
    assert said == f"samegoal-sync {importlib.metadata.version('samegoal-sync')}\n"
    port = str(free_ports(1)[0])
    shown = _run(folder, str(installed), "demo", "--once", "--sandbox-port", port)
    assert shown.count("published") >= 3
    home = folder / ".local" / "dagster"
    assert (home / "dagster.yaml").read_bytes() == (CHECKOUT / "dagster.yaml").read_bytes()
    assert not (home / "dagster.yaml").is_symlink()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(folder: Path, *command: str, cwd: Path | None = None) -> str:
    """Run a program outside the checkout, to its end; its standard output."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HOME")
    }
    ended = subprocess.run(
        command,
        cwd=cwd or folder,
        env={**environment, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
