"""Puts the two files of the top level that Dagster reads into the package, as it is built.

They stay where Dagster's users look for them, beside pyproject.toml; an installed package needs
them too. An editable install reads them from the checkout.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

#: As samegoal_sync/pipeline/home_files.py looks for them.
_FILES = ("dagster.yaml", "workspace.yaml")
_FOLDER = Path("samegoal_sync", "pipeline", "shipped")


class BuildWithHomeFiles(build_py):
    """The ordinary step, and after it a copy of each file."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for target in self._copies():
                self.mkpath(str(target.parent))
                self.copy_file(target.name, str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), *map(str, self._copies())]

    def _copies(self) -> list[Path]:
        return [Path(self.build_lib, _FOLDER, name) for name in _FILES]


setup(cmdclass={"build_py": BuildWithHomeFiles})
