"""The autograded notebook: the report's notebook, with our scores where nbgrader looks for them.

nbgrader takes a grade cell's score from its first result, a plain float. Only what is written here may be one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from bareme.gradebook.page import problems_markdown, verdicts_html
from bareme.grading.report import Exercise, Report

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def scored_notebook(report: Report, language: str) -> NotebookNode:
    """A copy of ``report.notebook`` with a score and its reasons in each exercise's grade cell, problems on top."""
    assert report.notebook is not None, "grade() always gives one"
    notebook = copy.deepcopy(report.notebook)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        name = str(mark.get("grade_id", "")).removeprefix("test_")
        if cell.cell_type == "markdown" and not mark.get("locked", False):
            cell.source = _TAG.sub("&lt;", cell.source)  # a student's HTML would run on the instructor's page
        elif cell.cell_type == "code" and mark.get("grade") and not mark.get("solution"):
            exercise = report.exercises.get(name)
            shown = [output for old in cell.outputs for output in _harmless(old)]
            cell.outputs = [*_score(exercise, language), *shown] if exercise is not None else shown
    if report.problems:
        top = new_markdown_cell(problems_markdown(report.problems, language), id="bareme-problems")
        top.metadata = {"bareme": {"notice": True}, "editable": False, "deletable": False}
        notebook.cells.insert(0, top)
    return notebook


def _score(exercise: Exercise, language: str) -> list[NotebookNode]:
    score = min(max(float(exercise.score), 0.0), exercise.points)
    data = {"text/plain": repr(score), "text/html": verdicts_html(exercise, language)}
    return [new_output("execute_result", data=data, execution_count=None)]


def _harmless(output: NotebookNode) -> Iterable[NotebookNode]:
    """What a visible test showed, as standard output: nbgrader would take errors and stderr for a zero."""
    if output.output_type == "error":
        yield new_output("stream", name="stdout", text=f"{output.ename}: {output.evalue}\n")
    elif output.output_type == "stream":
        yield new_output("stream", name="stdout", text=output.text)
    else:
        yield output
