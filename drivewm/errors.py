"""Errors a user can mend: one line that names the file, the field, what is wrong and the fix."""

from __future__ import annotations

from pathlib import Path


class InputError(Exception):
    """Bad input. The command line prints it as one line and exits with code 2.

    Args:
        problem: what is wrong, in words.
        file: the file (or folder) that holds the problem.
        field: the table column, key or option.
        fix: what the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        field: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem, self.file, self.field, self.fix = problem, file, field, fix
        where = f"{file}: " if file is not None else ""
        what = f"[{field}] " if field is not None else ""
        how = f"; {fix}" if fix is not None else ""
        super().__init__(f"{where}{what}{problem}{how}".replace("\n", " "))

    def __reduce__(self):  # keeps the keyword fields across a process pool
        return _rebuild, (self.problem, self.file, self.field, self.fix)


def _rebuild(problem, file, field, fix):
    return InputError(problem, file=file, field=field, fix=fix)
