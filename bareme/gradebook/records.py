"""Reports as files: ``.bareme/reports/ASSIGNMENT/STUDENT.json`` in the course folder."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from bareme.grading.report import Report


def write_report(course: Path, report: Report) -> Path:
    """Write the report, in place of an earlier one. Returns its path."""
    path = course / ".bareme" / "reports" / report.assignment / f"{report.student}.json"
    write_whole(path, json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    return path


def read_report(course: Path, assignment: str, student: str) -> Report:
    """The report of a student's last grading. Raises FileNotFoundError when there is none."""
    path = course / ".bareme" / "reports" / assignment / f"{student}.json"
    return Report.from_json(json.loads(path.read_text(encoding="utf-8")))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, whole; for the grading user alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=".writing-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
