"""What a student reads of a report, in one language: HTML without scripts, everything from outside escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bareme.grading.checks import say
from bareme.grading.report import Check, Exercise, Text

VERDICTS: dict[str | None, tuple[str, Text]] = {
    "passed": ("✓", say(fr="réussi", en="passed")),
    "failed": ("✗", say(fr="échoué", en="failed")),
    "raised": ("!", say(fr="exception levée", en="exception raised")),
    "over_budget": ("⏱", say(fr="budget dépassé", en="over budget")),
    "killed": ("☠", say(fr="processus interrompu", en="process ended")),
    "missing": ("∅", say(fr="rien à corriger", en="nothing to grade")),
    "forbidden": ("⛔", say(fr="interdit ici", en="forbidden here")),
    None: ("?", say(fr="non corrigé", en="not graded")),
}

WORDS: dict[str, Text] = {
    "check": say(fr="Contrôle", en="Check"),
    "verdict": say(fr="Verdict", en="Verdict"),
    "why": say(fr="Ce qui est vérifié, et pourquoi", en="What is checked, and why"),
    "used": say(fr="Budget utilisé", en="Budget used"),
    "hint": say(fr="Piste", en="Hint"),
    "cpu": say(fr="calcul", en="CPU"),
    "wall": say(fr="durée", en="wall"),
    "memory": say(fr="mémoire", en="memory"),
    "of": say(fr="sur", en="of"),
    "points": say(fr="points", en="points"),
    "score": say(fr="Note", en="Score"),
    "exercise": say(fr="Exercice", en="Exercise"),
    "remarks": say(fr="Remarques sur la copie", en="Remarks on the submission"),
    "answer": say(fr="Votre réponse", en="Your answer"),
    "tests": say(fr="Correction", en="Grading"),
    "visible": say(fr="Tests visibles, pour votre usage", en="Visible tests, for your own use"),
    "top": say(fr="haut de page", en="top"),
    "late": say(fr="Pénalité de retard", en="Late submission penalty"),
    "comment": say(fr="Commentaire de l'enseignant", en="Instructor's comment"),
    "manual": say(fr="corrigé à la main", en="graded by hand"),
}


def number(value: float, language: str) -> str:
    """A number as the language writes it: at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "fr" else text


def verdicts_html(exercise: Exercise, language: str) -> str:
    """One exercise: its points, and a row for each check."""
    words = {key: escape(text[language]) for key, text in WORDS.items()}
    if exercise.checks and all(check.verdict == "missing" for check in exercise.checks):
        return f'<div class="bareme"><p>∅ {inline(exercise.checks[0].rationale.get(language, ""))}</p></div>'
    rows = "\n".join(_row(check, language, words) for check in exercise.checks)
    points = f"{number(exercise.score, language)} / {number(exercise.points, language)} {words['points']}"
    return (
        f'<div class="bareme"><p><strong>{escape(exercise.name)} : {points}</strong></p>\n'
        f'<table class="bareme-checks"><thead><tr><th>{words["verdict"]}</th><th>{words["check"]}</th>'
        f"<th>{words['why']}</th><th>{words['used']}</th></tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _row(check: Check, language: str, words: dict[str, str]) -> str:
    sign, label = VERDICTS[check.verdict]
    why = f"<p>{inline(check.rationale.get(language, ''))}</p>"
    if check.verdict != "passed" and check.hint.get(language):
        why += f'<p class="bareme-hint"><em>{words["hint"]} :</em> {inline(check.hint[language])}</p>'
    name = escape(check.name.removeprefix("test_").replace("_", " "))
    state = "passed" if check.verdict == "passed" else "lost"
    return (
        f'<tr class="bareme-{state}"><td>{sign} {escape(label[language])}</td><td>{name}</td><td>{why}</td>'
        f"<td>{_budget(check, language, words)}</td></tr>"
    )


def _budget(check: Check, language: str, words: dict[str, str]) -> str:
    """Use against limit; nothing for a check that never ran."""
    if check.usage.wall_s == 0:
        return "—"
    limits, usage = check.limits, check.usage
    parts = [
        (words["cpu"], usage.cpu_s, limits.get("cpu_s"), "s"),
        (words["wall"], usage.wall_s, limits.get("wall_s"), "s"),
        (words["memory"], usage.peak_bytes / 2**20, limits.get("peak_bytes", 0) / 2**20, "Mio"),
    ]
    unit = {"s": "s", "Mio": "Mio" if language == "fr" else "MiB"}
    return "<br>".join(
        f"{word} {number(used, language)} {words['of']} {number(limit, language)} {unit[kind]}"
        for word, used, limit, kind in parts
        if limit
    )


def inline(text: str) -> str:
    """Escaped text, where `backquotes` set code: the only markup that rationales and hints know."""
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:  # a lone backquote is a backquote
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))


def problems_markdown(problems: Iterable[Text], language: str) -> str:
    """The remarks on a submission, as a markdown cell's source; what students wrote in it stays text."""
    lines = [f"- {inline(problem[language])}" for problem in problems]
    return "\n".join([f"**{WORDS['remarks'][language]}**", "", *lines])
