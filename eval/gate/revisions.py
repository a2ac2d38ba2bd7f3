"""Git, as far as a bisection needs it. Nothing here touches the repository's own working tree."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from drivewm.errors import InputError

OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")  # set inside a hook


class Repository:
    """A git repository of planners.

    Raises:
        InputError: no git, or no repository.
    """

    def __init__(self, path: str | Path) -> None:
        if not Path(path).is_dir():
            raise InputError("no such folder", file=path, field="--repo", fix="check the path")
        self._folder = Path(path)
        self.root = Path(self._git("rev-parse", "--show-toplevel"))

    def commit(self, revision: str) -> str:
        """The full name of a commit.

        Raises:
            InputError: no such revision.
        """
        try:
            return self._git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        except InputError as error:
            raise InputError(f"no such revision '{revision}'", file=self._folder,
                             fix="check it with git log") from error  # fmt: skip

    def is_ancestor(self, old: str, new: str) -> bool:
        """Is one commit in the history of the other?"""
        return self._call("merge-base", "--is-ancestor", old, new).returncode == 0

    def has(self, commit: str, path: str) -> bool:
        """Does a commit hold a file?"""
        return self._call("cat-file", "-e", f"{commit}:{path}").returncode == 0

    def title(self, commit: str) -> str:
        """Short name and subject."""
        return self._git("show", "-s", "--format=%h %s", commit)

    def about(self, commit: str) -> str:
        """Short name, subject, author and day."""
        return self._git("show", "-s", "--format=%h %s (%an, %as)", commit)

    def between(self, bad: str, goods: Sequence[str]) -> list[str]:
        """Commits in the history of ``bad`` and of no good one, those first whose test would halve
        them best; ``bad`` is among them."""
        lines = self._git("rev-list", "--bisect-all", bad, *[f"^{good}" for good in goods])
        return [line.split()[0] for line in lines.splitlines() if line]

    @contextlib.contextmanager
    def worktree(self, commit: str) -> Iterator[Path]:
        """A folder that holds a commit, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="drivewm-bisect-") as parent:
            folder = Path(parent) / "tree"
            self._git("worktree", "add", "--detach", "--force", str(folder), commit)
            try:
                yield folder
            finally:
                self._call("worktree", "remove", "--force", str(folder))
        self._call("worktree", "prune")

    def _git(self, *arguments: str) -> str:
        done = self._call(*arguments)
        if done.returncode:
            text = (done.stderr.strip().splitlines() or ["git failed"])[-1]
            raise InputError(text, file=self._folder, field="git", fix="check the repository")
        return done.stdout.strip()

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if key not in OURS}
        # A hook of the repository must not run because somebody looks at an old commit.
        command = ["git", "-C", str(self._folder), "-c", f"core.hooksPath={os.devnull}"]
        try:
            return subprocess.run([*command, *arguments], capture_output=True, text=True,
                                  env=environment, check=False)  # fmt: skip
        except FileNotFoundError as error:
            raise InputError("git is not installed", field="git", fix="install it") from error
