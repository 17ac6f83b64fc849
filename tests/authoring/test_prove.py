"""`prove` on a tiny assignment: it holds for a sound grader, and each kind of unsound one fails for its own reason."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell
from typer.testing import CliRunner

from bareme.authoring.exercise_digest import exercise_digest
from bareme.authoring.proof import Claim, Proof
from bareme.authoring.prove import Effort, prove
from bareme.authoring.record import kept_parts, write_proof
from bareme.cli import app
from bareme.gradebook.proven import unproven
from bareme.grading.assignment import load_assignment
from bareme.grading.engine import Engine
from tests.tiny import DOUBLE, GRADER, SHIFT, STUB, notebook

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
SPECIMENS = {
    "correct/double/with_map.py": "def double(x):\n    return list(map(lambda item: item + item, x))",
    "correct/shift/with_add.py": "import torch\n\ndef shift(x, by):\n    return torch.add(x, by)",
    "wrong/double/triples.py": "def double(x):\n    return [3 * item for item in x]",
    "hostile/double/exits.py": "def double(x):\n    raise SystemExit(0)",
}
#: Two checks of the tiny grader have no hint: a proof would say so.
SOUND = GRADER.replace('hint=say(fr="", en="")', 'hint=say(fr="Relisez.", en="Read again.")')
SOME = Effort(mutants=0, repeats=4, slack_s=1.0)
FEW = Effort(mutants=2, repeats=4, slack_s=1.0)


def make(course: Path, grader: str = SOUND, specimens: dict[str, str] = SPECIMENS) -> None:
    """A bilingual course with the tiny assignment, as `nbgrader generate_assignment` leaves it."""
    folder = course / "graders" / "tiny"
    folder.mkdir(parents=True)
    (folder / "test_tiny.py").write_text(textwrap.dedent(grader), encoding="utf-8")
    for place, text in specimens.items():
        path = folder / "specimens" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    stubs = (STUB.format(name="double"), STUB.format(name="shift"))
    solved = tuple(one.replace("    return", "    ### BEGIN SOLUTION\n    return") for one in (DOUBLE, SHIFT))
    solved = tuple(f"{one}\n    ### END SOLUTION" for one in solved)
    for kind, answers in (("source", solved), ("release", stubs)):
        written = notebook(*answers)
        for place, name in ((3, "shift"), (1, "double")):
            for language in ("fr", "en"):
                told = new_markdown_cell(f"{name} ({language})", metadata={"bareme": {"language": language}})
                written.cells.insert(place, told)
        (course / kind / "tiny").mkdir(parents=True)
        nbformat.write(written, course / kind / "tiny" / "tiny.ipynb")
    shutil.copy(REPOSITORY / "nbgrader_config.py", course)


def quiet(stage: str, total: int) -> Callable[[], object]:
    return lambda: None


def proof_of(course: Path, engine: Engine, effort: Effort = SOME, only: str = "") -> Proof:
    return prove(course, course / "release", load_assignment(course, "tiny"), engine, quiet, effort, only)


def problems(proof: Proof) -> str:
    told = proof.to_json()
    return "\n".join([*told["problems"], *(line for one in told["exercises"].values() for line in one["problems"])])


def test_a_sound_grader_is_proven(course: Path, engine: Engine) -> None:
    make(course)
    proof = proof_of(course, engine)
    told = proof.to_json()
    assert proof.ok, problems(proof)
    assert (told["specimens"], told["specimens_right"], told["flips"]) == (6, 6, 0)
    assert told["mutants"] == told["mutants_killed"] >= 10
    assert set(told["exercises"]) == {"double", "shift"} and told["exercises"]["double"]["repeats"] == 4
    alone = proof_of(course, engine, only="shift")
    assert alone.ok and set(alone.to_json()["exercises"]) == {"shift"} and not alone.complete


UNSOUND = {
    "a mutant survives": (
        "assert got == [2 * item for item in x]",
        "assert isinstance(got, list) and len(got) == len(x)",
        r"mutants: survives .*2 \* item",
    ),
    "a right solution fails": (
        "== [2 * item for item in x]",
        "== [4 * item for item in x]",
        "reference: 0 of 2|reference: 1 of 2",
    ),
    "it depends on chance": (
        "assert student.double([]) == []",
        "assert student.double([]) == [] and rng.random() < 0.5",
        "reference: .*test_empty failed|repeats: correct/.*test_empty",
    ),
    "a budget is tight": ("cpu=2, wall=5", "cpu=2, wall=0.0301", "budgets: .*less than 3|over_budget"),
    "a hint is missing": (
        'hint=say(fr="2x", en="2x")',
        'hint=say(fr="2x", en="")',
        "statements: test_values: no hint in en",
    ),
    "the grader stumbles": ("isinstance(got, torch.Tensor) and torch", "torch", "grader: .*test_sum"),
}


@pytest.mark.parametrize(("old", "new", "why"), UNSOUND.values(), ids=UNSOUND)
def test_an_unsound_grader_is_not(course: Path, engine: Engine, old: str, new: str, why: str) -> None:
    assert old in SOUND
    make(course, SOUND.replace(old, new).replace("def test_empty(student)", "def test_empty(student, rng)"))
    proof = proof_of(course, engine, SOME if "survives" in why else FEW)
    assert not proof.ok
    assert re.search(why, problems(proof)), problems(proof)


def test_specimens_must_end_as_their_folders_say(course: Path, engine: Engine) -> None:
    wrong = {
        "wrong/double/adds_one.py": SPECIMENS["wrong/double/triples.py"],
        "correct/shift/twice.py": SHIFT + " + by",
    }
    make(course, specimens={**SPECIMENS, **wrong})
    told = problems(proof_of(course, engine, FEW))
    assert "specimens: wrong/adds_one: 1.0 of 2.0, recognised" in told, told
    assert "specimens: correct/twice: 0.0 of 3.0 points" in told


def test_a_leak_is_found_by_content(course: Path, engine: Engine) -> None:
    longer = "def double(x):\n    return [item + item if item != 0 else 0 for item in list(x)]"
    make(course, specimens={**SPECIMENS, "correct/double/longer.py": longer})
    (course / "release" / "tiny" / "notes.txt").write_text(f"nothing\n{longer}\n")
    assert "leaks: solutions: " in problems(proof_of(course, engine, FEW, only="double"))


def test_an_annotated_mutant_may_live_and_a_stale_annotation_may_not(course: Path, engine: Engine) -> None:
    make(
        course,
        SOUND.replace("assert got == [2 * item for item in x]", "assert isinstance(got, list) and len(got) == len(x)"),
        {k: v for k, v in SPECIMENS.items() if "wrong" not in k},
    )
    alive = proof_of(course, engine, only="double")
    assert alive.survivors and "2 * item" in alive.survivors[0]
    lines = [line.split(": ", 2)[2] for line in alive.to_json()["exercises"]["double"]["problems"]]
    entry = '[[mutant]]\nexercise = "double"\nbefore = {}\nafter = {}\nreason = "only [] is tried"\n'
    noted = [entry.format(*(json.dumps(side) for side in line.split(" → "))) for line in lines]
    noted.append(entry.format('"return x"', '"return y"'))
    (course / "graders" / "tiny" / "equivalent_mutants.toml").write_text("\n".join(noted))
    proof = proof_of(course, engine, only="double")
    assert not proof.survivors and proof.total("mutants_equivalent") == len(lines)
    assert problems(proof) == "mutants: equivalent_mutants.toml: no mutant makes this change: return x → return y"


def test_only_a_complete_proof_that_holds_is_recorded(course: Path) -> None:
    make(course)
    from bareme.grading.digest import assignment_digest

    digest = assignment_digest(course, "tiny")
    for complete, claims in ((False, {}), (True, {"": [Claim("grader", "", ("an error",))]})):
        assert write_proof(course, Proof("tiny", digest, complete, claims, {})) is None
    assert "never proven" in unproven(course, "tiny") and "bareme prove tiny" in unproven(course, "tiny")
    path = write_proof(course, Proof("tiny", digest, True, {}, {}))
    assert path is not None and json.loads(path.read_text("utf-8"))["ok"] and unproven(course, "tiny") == ""
    (course / "graders" / "tiny" / "README.md").write_text("words")
    assert unproven(course, "tiny") == "", "words about a grader are no part of it"
    (course / "graders" / "tiny" / "specimens" / "correct" / "double" / "new.py").write_text(DOUBLE)
    assert "changed since" in unproven(course, "tiny")
    path.write_text("{}")
    assert "not a proof" in unproven(course, "tiny")
    for damaged in ("{}", "[", '{"exercises": {"shift": {"ok": true, "digest": "0"}, "double": 3}}'):
        path.write_text(damaged)
        assert kept_parts(course, "tiny") == {}


def test_what_was_proven_of_an_exercise_is_not_tried_again(
    course: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(course)
    monkeypatch.setattr(sys.modules["bareme.authoring.prove"], "THOROUGH", FEW)
    gradings: list[tuple[str, int]] = []

    def watch(stage: str, total: int) -> Callable[[], object]:
        gradings.append((stage, total))
        return lambda: None

    def again(only: str = "") -> Proof:
        gradings.clear()
        release = course / "release"
        return prove(
            course, release, load_assignment(course, "tiny"), engine, watch, FEW, only, kept_parts(course, "tiny")
        )

    alone = again("shift")
    assert write_proof(course, alone) is not None and "changed since" in unproven(course, "tiny")
    assert set(kept_parts(course, "tiny")) == {"shift"}
    proof = again()
    tried = alone.total("mutants")
    assert proof.ok and dict(gradings)["mutants"] < proof.total("mutants") and proof.total("mutants") > tried > 0
    assert write_proof(course, proof) is not None and unproven(course, "tiny") == ""
    same = again()
    assert dict(gradings)["mutants"] == dict(gradings)["repeats"] == 0
    assert same.counts == proof.counts and same.bounds == proof.bounds
    for name, one in proof.to_json()["exercises"].items():
        for claim in ("mutants", "repeats"):
            assert same.to_json()["exercises"][name]["claims"][claim] == one["claims"][claim]


def test_the_digest_of_an_exercise_is_of_what_its_proof_depends_on(course: Path) -> None:
    make(course)
    grader, notebook_file = course / "graders" / "tiny", course / "source" / "tiny" / "tiny.ipynb"

    def digests() -> list[str]:
        return [exercise_digest(load_assignment(course, "tiny"), name) for name in ("double", "shift")]

    before = digests()
    (grader / "specimens" / "correct" / "shift" / "new.py").write_text(SHIFT)
    after = digests()
    assert after[0] == before[0] and after[1] != before[1]
    entry = '[[mutant]]\nexercise = "double"\nbefore = "x"\nafter = "y"\nreason = "none"\n'
    (grader / "equivalent_mutants.toml").write_text(entry)
    noted = digests()
    assert noted[0] != after[0] and noted[1] == after[1]
    source = notebook_file.read_text("utf-8")
    notebook_file.write_text(source.replace("return x + by", "return by + x"))
    solved = digests()
    assert solved[0] == noted[0] and solved[1] != noted[1]
    notebook_file.write_text(source.replace("shift (fr)", "shift (FR)"))
    assert digests() == noted, "words are no part of it"
    (grader / "test_tiny.py").write_text(textwrap.dedent(SOUND) + "# changed\n")
    assert not set(digests()) & set(noted)


def test_the_command(course: Path) -> None:
    make(course)
    shutil.rmtree(course / "release")  # what would be released is tried, not what was
    runner = CliRunner()
    done = runner.invoke(app, ["prove", "tiny", "--quick", "--exercise", "shift", "--json", "--course", str(course)])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["ok"] and not told["complete"] and not (course / "graders" / "tiny" / "proof.json").exists()
    assert not (course / "release").exists() and not (course / "gradebook.db").exists()
    for arguments, why in (
        (["nothing"], "there is no such file"),
        (["tiny", "--exercise", "none"], "name one of double, shift"),
    ):
        done = runner.invoke(app, ["prove", *arguments, "--course", str(course)])
        assert done.exit_code == 2 and why in done.output.replace("\n", " ")
