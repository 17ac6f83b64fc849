"""Does a student's cell use a library function that it was to write? Found in its text, before anything runs.

What a cell refers to is followed through the notebook: names of its own definitions, imports and their other names,
``getattr`` with a plain string.
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field


def used(exercise: str, cells: Mapping[str, str], forbidden: Iterable[str]) -> str | None:
    """The first of the ``forbidden`` dotted names that an exercise refers to, itself or through other cells; or None.

    cells: the notebook's code cells by name, in their order; that of the exercise has its name. Of what is
    defined twice, the last counts, as it does when the exercise is called. Libraries show one function under several
    paths: those of the same package and the same last name are one.
    """
    keys = {(name.partition(".")[0], name.rpartition(".")[2]): name for name in forbidden}
    parsed = {name: _parsed(source) for name, source in cells.items()}
    scope = _Scope()
    for statement in [statement for statements in parsed.values() for statement in statements]:
        scope.take(statement)
    waiting = [*parsed.get(exercise, []), *scope.definition(exercise)]
    seen = set()
    while waiting:
        statement = waiting.pop()
        if id(statement) in seen:
            continue
        seen.add(id(statement))
        inner = scope.within(statement)
        for path in _references(statement):
            package, parts = inner.resolve(path)
            for root in [package] if package else inner.starred:
                for part in parts:
                    if (root, part) in keys:
                        return keys[root, part]
            if not package:
                waiting += inner.definition(path[0])
    return None


def _parsed(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(cell).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # nothing that can run; or lines for IPython, and then the sandbox alone will tell


@dataclass
class _Scope:
    """What names stand for: dotted paths of imports, and the statements that define the notebook's own."""

    imported: MutableMapping[str, str] = field(default_factory=dict)
    starred: list[str] = field(default_factory=list)
    defined: MutableMapping[str, ast.stmt | None] = field(default_factory=dict)

    def take(self, statement: ast.stmt) -> None:
        self._take_imports(statement)
        for name in _bound(statement):
            self.defined[name] = statement

    def definition(self, name: str) -> list[ast.stmt]:
        found = self.defined.get(name)
        return [found] if found is not None else []

    def within(self, statement: ast.stmt) -> _Scope:
        """With the imports that stand inside of a function, too, and without what its own variables hide."""
        imported, defined = ChainMap({}, self.imported), ChainMap({}, self.defined)
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for name in _variables(statement):
                imported[name], defined[name] = "", None
        inner = _Scope(imported, list(self.starred), defined)
        for node in ast.walk(statement):
            inner._take_imports(node)
        return inner

    def _take_imports(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for one in node.names:
                root = one.name.partition(".")[0]
                self.imported[one.asname or root] = one.name if one.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                if one.name == "*":
                    self.starred.append(node.module.partition(".")[0])
                else:
                    self.imported[one.asname or one.name] = f"{node.module}.{one.name}"

    def resolve(self, path: list[str]) -> tuple[str, list[str]]:
        """The package of a reference ("" for none that was imported), and the parts of its name that follow."""
        origin = self.imported.get(path[0])
        if not origin:
            return "", path
        package, *parts = origin.split(".")
        return package, [*parts, *path[1:]]


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _variables(function: ast.AST) -> Iterator[str]:
    """Parameters, and what is assigned inside."""
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _references(statement: ast.stmt) -> Iterator[list[str]]:
    """Every ``a.b.c`` that a statement reads, as its parts."""
    for node in ast.walk(statement):
        path = _path(node)
        if path:
            yield path


def _path(node: ast.AST) -> list[str]:
    """``a.b.c`` as its parts; nothing for another expression. Without recursion: a student may write it very long."""
    parts: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
                return []
            parts.append(str(node.args[1].value))
            node = node.args[0]
        else:
            return []
    return [node.id, *reversed(parts)]
