"""What nbgrader's autograde calls before and after each submission, in the course folder.

nbgrader ignores what a hook raises: on an error the notebooks are struck off its list, and it reports that nothing
could be graded.
"""

from __future__ import annotations

from pathlib import Path

from bareme.gradebook.set_aside import set_aside
from bareme.gradebook.unfinished import begin, end


def before(assignment: str, student: str, notebooks: list[str]) -> None:
    """For ``c.Autograde.pre_convert_hook``. ``notebooks`` are nbgrader's own; ``student`` may be a pattern."""
    try:
        for one in _students(notebooks):
            begin(Path.cwd(), assignment, one)
        set_aside(notebooks)
    except BaseException:
        notebooks.clear()
        raise


def after(assignment: str, student: str, notebooks: list[str]) -> None:
    """For ``c.Autograde.post_convert_hook``."""
    for one in _students(notebooks):
        end(Path.cwd(), assignment, one)


def _students(notebooks: list[str]) -> set[str]:
    """Whose submissions these are: of ``…/STUDENT/ASSIGNMENT/NAME.ipynb``."""
    return {Path(notebook).parent.parent.name for notebook in notebooks}
