"""Mutants: the reference solution with one small mistake each, made on its syntax tree.

A grader that lets a mutant pass would let a student's same slip pass. The mistakes are those of Offutt's classic
operators (constants, comparisons, arithmetic, statements; DeMillo, Lipton & Sayward, *Hints on Test Data Selection*,
1978) and those of tensor code: dims, slices, scaling, masks, ``.eval()`` and ``no_grad``.
"""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

#: From a node of the tree, the nodes that may stand in its place; None drops a statement.
Operator = Callable[[ast.AST], Iterator["ast.AST | list[ast.stmt]"]]

N = TypeVar("N", bound=ast.AST)


@dataclass(frozen=True)
class Mutant:
    """A solution cell with one mistake: the operator's name, the lines that differ, and the whole cell's text."""

    exercise: str
    operator: str
    before: str
    after: str
    source: str

    def diff(self, reference: str) -> str:
        """A unified diff against the reference, both without comments."""
        lines = difflib.unified_diff(plain(reference).splitlines(), self.source.splitlines(), lineterm="", n=1)
        return "\n".join(list(lines)[2:])


def plain(source: str) -> str:
    """The source as ``ast.unparse`` writes it: no comments, one style."""
    return ast.unparse(ast.parse(source))


def mutants(exercise: str, source: str) -> list[Mutant]:
    """Every mutant of a solution cell that reads differently from it and from the others."""
    original = plain(source)
    tree = ast.parse(original)
    seen = {original}
    found = []
    docstrings = {id(node.value) for node in ast.walk(tree) if _is_docstring(node)}
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in docstrings:
            continue
        for name, operator in OPERATORS.items():
            for choice in operator(node):
                if isinstance(choice, ast.Name) and choice.id not in bound:
                    continue  # `torch`, say: what stands before the dot of a function is no value of the student's
                text = ast.unparse(_with(tree, place, choice))
                if text not in seen and _compiles(text):
                    seen.add(text)
                    found.append(Mutant(exercise, name, *_difference(original, text), text))
    return found


def _is_docstring(node: ast.AST) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _with(tree: ast.Module, place: int, choice: ast.AST | list[ast.stmt]) -> ast.Module:
    """A copy of the tree with another node, or other statements, at one place of ``ast.walk``'s order."""
    twin = copy.deepcopy(tree)
    target = next(node for index, node in enumerate(ast.walk(twin)) if index == place)
    for parent in ast.walk(twin):
        for field, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, field, choice)
            elif isinstance(value, list) and any(item is target for item in value):
                at = next(index for index, item in enumerate(value) if item is target)
                value[at : at + 1] = choice if isinstance(choice, list) else [choice]
                if not value and field == "body":
                    value.append(ast.Pass())
    return ast.fix_missing_locations(twin)


def _compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(before: str, after: str) -> tuple[str, str]:
    """The lines that a change removes, and those that it adds."""
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    sides = ["\n".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in ("- ", "+ ")]
    return sides[0], sides[1]


def _constant(node: ast.AST) -> Iterator[ast.AST]:
    """One more, one less; a number's sign; another text; the other truth value."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield _number(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value + 1.0)
        yield ast.Constant(value / 2)
    elif isinstance(value, str) and value:
        yield ast.Constant("")
        yield ast.Constant(value + "x")


def _number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


def _comparison(node: ast.AST) -> Iterator[ast.AST]:
    """The bound moved by one, and the opposite."""
    if isinstance(node, ast.Compare):
        for at, old in enumerate(node.ops):
            for new in _COMPARISONS[type(old)]:
                yield ast.Compare(node.left, [*node.ops[:at], new(), *node.ops[at + 1 :]], node.comparators)


_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


def _arithmetic(node: ast.AST) -> Iterator[ast.AST]:
    """The opposite operation, and either side alone: a scale, a bias, a mask left out."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in _ARITHMETIC:
            yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        yield node.left
        yield node.right
    elif isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        yield ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)


def _logic(node: ast.AST) -> Iterator[ast.AST]:
    """``and`` for ``or``, an operand or a negation left out, a condition that always or never holds."""
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for at in range(len(node.values)):
            rest = node.values[:at] + node.values[at + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(True), node.body, node.orelse)
        yield ast.If(ast.Constant(False), node.body, node.orelse)


def _statement(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """A statement left out; a block without its ``with``; a ``return`` of nothing; one turn of a loop."""
    if isinstance(node, ast.With):
        yield node.body
    if isinstance(node, (ast.For, ast.While)):
        yield [_changed(node, "body", [*node.body, ast.Break()])]
    if isinstance(node, ast.Return) and node.value is not None:
        yield [ast.Return(None)]
    is_definition = isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
    if isinstance(node, ast.stmt) and not (_is_docstring(node) or is_definition or isinstance(node, ast.Pass)):
        yield []


def _changed(node: N, field: str, value: object) -> N:
    twin = copy.copy(node)
    setattr(twin, field, value)
    return twin


#: Functions of two dimensions, in whichever order: to swap them is no mistake.
_SYMMETRIC = ("transpose", "swapaxes", "swapdims")


def _call(node: ast.AST) -> Iterator[ast.AST]:
    """A method left out of a chain (``.eval()``, ``.masked_fill(…)``), arguments swapped, an option left out."""
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Constant):
        yield node.func.value
    elif len(node.args) == 1 and not node.keywords:
        yield node.args[0]
    symmetric = isinstance(node.func, ast.Attribute) and node.func.attr in _SYMMETRIC
    for at in range(0 if symmetric else len(node.args) - 1):
        swapped = [*node.args[:at], node.args[at + 1], node.args[at], *node.args[at + 2 :]]
        yield ast.Call(node.func, swapped, node.keywords)
    for at in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, node.keywords[:at] + node.keywords[at + 1 :])


def _tuple(node: ast.AST) -> Iterator[ast.AST]:
    """Neighbours of a list or a tuple swapped; one of them left out."""
    if isinstance(node, (ast.List, ast.Tuple)) and isinstance(node.ctx, ast.Load):
        for at in range(len(node.elts) - 1):
            yield type(node)([*node.elts[:at], node.elts[at + 1], node.elts[at], *node.elts[at + 2 :]], node.ctx)
        if len(node.elts) > 1:
            for at in range(len(node.elts)):
                yield type(node)(node.elts[:at] + node.elts[at + 1 :], node.ctx)


def _bound(node: ast.AST) -> Iterator[ast.AST]:
    """A slice's or a range's end moved by one, or left out."""
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper"):
            end = getattr(node, field)
            if end is not None:
                for other in (None, *_moved(end)):
                    yield _changed(node, field, other)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        for at, end in enumerate(node.args):
            for other in _moved(end):
                yield ast.Call(node.func, [*node.args[:at], other, *node.args[at + 1 :]], node.keywords)


def _moved(end: ast.expr) -> list[ast.expr]:
    if isinstance(end, ast.Constant):
        return []  # the constants' own operator does that
    return [ast.BinOp(end, ast.Add(), ast.Constant(1)), ast.BinOp(end, ast.Sub(), ast.Constant(1))]


#: The names are what `equivalent_mutants.toml` and the tables call them.
OPERATORS: dict[str, Operator] = {
    "constant": _constant,
    "comparison": _comparison,
    "arithmetic": _arithmetic,
    "logic": _logic,
    "statement": _statement,
    "call": _call,
    "tuple": _tuple,
    "bound": _bound,
}
