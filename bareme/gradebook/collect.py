"""Collecting from the exchange without trusting what lies there: students write in it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect

from bareme.gradebook.left_out import remember
from bareme.grading.parse import MOST_BYTES
from bareme.grading.safe_files import NotRegular, extra_files, open_folder, read_regular

_STUDENT = re.compile(r"[^\W_][^/\x00-\x1f]{0,99}")


class SafeCollect(ExchangeCollect):  # type: ignore[misc]
    """nbgrader's collect, which copies regular files only and takes no one's word for who he is.

    A folder whose name is not a submission's is passed over: it must not stop the class. One that its student does not
    own is refused while ``check_owner`` is on, where nbgrader only warns.
    """

    src_records: list[dict[str, Any]]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        try:
            record = super()._path_to_record(path)
        except (Exception, SystemExit) as error:
            self.log.warning("Skipping %s: %s", path, error)
            return {"username": "", "filename": os.path.basename(path), "timestamp": datetime.min}
        record["timestamp"] = record["timestamp"] or datetime.min
        return dict(record)

    def copy_files(self) -> None:
        self.src_records = [record for record in self.src_records if self._acceptable(record)]
        super().copy_files()

    def _acceptable(self, record: dict[str, Any]) -> bool:
        student, path = record["username"], Path(self.inbound_path, record["filename"])
        if not _STUDENT.fullmatch(student):
            self.log.error("Skipping %s: %r can't be a student's name", path, student)
            return False
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            self.log.error("Skipping %s: it is no folder", path)
            return False
        if self.check_owner and _user(status.st_uid) != student:
            self.log.error(
                "Skipping %s: it says it is from %s, but %s owns it. Where all submissions have one owner, set "
                "c.ExchangeCollect.check_owner = False",
                path,
                student,
                _user(status.st_uid),
            )
            return False
        return True

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy a submission aside and rename it into place: a crash leaves no half of one."""
        aside = Path(dest).with_name(f".{Path(dest).name}.collecting")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        notebook = f"{self.coursedir.assignment_id}.ipynb"
        folder = open_folder(src)
        try:
            files, problems = extra_files(folder, notebook)
            files = {**files, **self._timestamp(folder)}
            for name, content in files.items():
                path = aside / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            _copy_notebook(folder, notebook, aside / notebook)
        finally:
            os.close(folder)
        for problem in problems:
            self.log.warning("%s: %s", src, problem["en"])
        remember(Path(self.coursedir.root), self.coursedir.assignment_id, Path(dest).parent.name, problems)
        os.rename(aside, dest)

    def _timestamp(self, folder: int) -> dict[str, bytes]:
        try:
            return {"timestamp.txt": read_regular("timestamp.txt", folder, 1000)}
        except OSError as error:
            self.log.warning("no time of submission: timestamp.txt: %s", error)
            return {}


def _copy_notebook(folder: int, name: str, target: Path) -> None:
    """Copy the notebook, or what stands in its place, so that its student can be told what it was.

    A link is copied as a link and a pipe as a pipe: grading looks before it opens. Of a file that is too large to be
    graded, just enough is taken to say so.
    """
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(name, dir_fd=folder), target)
        elif stat.S_ISFIFO(mode):
            os.mkfifo(target, 0o600)
        elif stat.S_ISREG(mode):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise NotRegular(os.fstat(descriptor).st_mode)
                target.write_bytes(file.read(MOST_BYTES + 1))
        elif stat.S_ISDIR(mode):
            target.mkdir()
    except FileNotFoundError:
        pass  # nothing was handed in under that name: grading says so


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
