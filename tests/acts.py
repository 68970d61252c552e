"""Every word that the program can write on its record as what was done, read off its code.

An act's ``what`` is followed to where it comes from: a constant, a branch, an argument of the function that writes it,
a field of what that was given. Where it cannot be followed ``Untold`` is raised: a word that is missing here would be
missing on the desk.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
_ELSEWHERE = ("bot/testing/", "bot/web/api/v1/acts.py")
"""The builders' acts are the tests'; the API's ``Act`` is how it shows one."""
_READ = ("bot/store/acts.py",)
"""Where acts come back from the store."""


class Untold(Exception):
    """It cannot be told which words a piece of code writes."""


@dataclass(frozen=True)
class Module:
    """A file of the program: ``parents`` of each of its nodes, and its functions by name."""

    path: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST]

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def function_of(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return node
        return None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        found = self.parents.get(node)
        return found if isinstance(found, ast.ClassDef) else None


@cache
def _texts() -> dict[str, str]:
    files = {file.relative_to(ROOT).as_posix(): file for file in sorted((ROOT / "bot").rglob("*.py"))}
    return {path: file.read_text() for path, file in files.items() if not path.startswith(_ELSEWHERE)}


@cache
def _module(path: str) -> Module:
    tree = ast.parse(_texts()[path])
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return Module(path, tree, parents)


@cache
def _calls(name: str) -> tuple[tuple[Module, ast.Call], ...]:
    """The program's calls of what has this name; a file that does not name it is not read."""
    named = [_module(path) for path, text in _texts().items() if f"{name}(" in text]
    return tuple(
        (each, node) for each in named for node in each.parents if isinstance(node, ast.Call) and _named(node) == name
    )


@cache
def act_words() -> frozenset[str]:
    """All of them. Raises ``Untold``."""
    words: set[str] = set()
    for module, call in (*_calls("Act"), *_calls("values")):
        if module.path not in _READ and (_named(call) == "Act" or _writes_acts(call)):
            words |= _words(module, call, _argument(call, "what"))
    return frozenset(words)


def _named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _writes_acts(call: ast.Call) -> bool:
    """``insert(acts).values(what=…)``, where the store writes one itself."""
    return _named(call) == "values" and ast.unparse(call.func) == "insert(acts).values" and bool(call.keywords)


def _argument(call: ast.Call, name: str) -> ast.expr:
    found = next((each.value for each in call.keywords if each.arg == name), None)
    if found is None:
        raise Untold(ast.unparse(call))
    return found


def _words(module: Module, at: ast.AST, value: ast.expr, seen: frozenset[object] = frozenset()) -> set[str]:
    """What ``value`` may be, as it stands at ``at``."""
    match value:
        case ast.Constant(value=str(word)):
            return {word}
        case ast.IfExp():
            return _words(module, at, value.body, seen) | _words(module, at, value.orelse, seen)
        case ast.BoolOp():
            return set().union(*(_words(module, at, each, seen) for each in value.values))
        case ast.JoinedStr():
            parts = [
                _words(module, at, each.value, seen) if isinstance(each, ast.FormattedValue) else {each.value}
                for each in value.values
            ]
            return {"".join(each) for each in product(*parts)}
        case ast.Name():
            return _of_name(module, at, value.id, seen)
        case ast.Subscript(value=ast.Name(id=table)) if isinstance(found := _global(module, table), dict):
            return set(found.values())
        case ast.Attribute(value=ast.Name(id=owner), attr=field):
            return _of_field(module, at, owner, field, seen)
    raise Untold(f"{module.path}: {ast.unparse(value)}")


def _of_name(module: Module, at: ast.AST, name: str, seen: frozenset[object]) -> set[str]:
    function = module.function_of(at)
    if function is None or name in seen:
        return _constant(module, name)
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if any(each.arg == name for each in given):
        return _of_parameter(module, function, name, seen)
    values = [*_assigned(function, name)]
    if not values:
        outer = module.function_of(function)
        return _of_name(module, function, name, seen) if outer else _constant(module, name)
    return set().union(*(_words(module, each, each, seen) for each in values))


def _assigned(function: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _put(target, node.value, name)


def _put(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """What an assignment gives to ``name``."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
        yield from _put(target, value.body, name)
        yield from _put(target, value.orelse, name)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, its in zip(target.elts, value.elts, strict=True):
            yield from _put(each, its, name)


def _of_parameter(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, seen: frozenset[object]
) -> set[str]:
    """What its callers give it, and what it is without."""
    key = (module.path, function.lineno, name)
    if key in seen:
        return set()
    seen = seen | {key}
    words: set[str] = set()
    plain = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    method = module.class_of(function) is not None and plain[:1] in (["self"], ["cls"])
    place = plain.index(name) - method if name in plain else None
    for kwarg, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if kwarg.arg == name and default is not None:
            words |= _words(module, function, default, seen)
    defaults = dict(zip(reversed(plain), reversed(function.args.defaults), strict=False))
    called = False
    for caller, call in _calls(function.name):
        if not _means(caller, call, module, function):
            continue
        called = True
        given = next((each.value for each in call.keywords if each.arg == name), None)
        if given is None and place is not None and place < len(call.args):
            given = call.args[place]
        if given is None:
            given = defaults.get(name)
        if given is None and name not in [each.arg for each in function.args.kwonlyargs]:
            raise Untold(f"{caller.path}: {ast.unparse(call)}")
        words |= _words(caller, call, given, seen) if given is not None else set()
    if not called:
        raise Untold(f"{module.path}: nobody calls {function.name}")
    return words


def _means(caller: Module, call: ast.Call, module: Module, function: ast.AST) -> bool:
    """Whether a call of this name is a call of this function: in its own module, or by what the caller imports."""
    if module.class_of(function) is not None:
        return isinstance(call.func, ast.Attribute)
    if caller is module:
        return isinstance(call.func, ast.Name)
    try:
        namespace = import_module(caller.name).__dict__
    except ImportError:
        return False
    if isinstance(call.func, ast.Name):
        found = namespace.get(call.func.id)
    elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        found = getattr(namespace.get(call.func.value.id), call.func.attr, None)
    else:
        return False
    return getattr(found, "__module__", "") == module.name and getattr(found, "__name__", "") == function.name


def _of_field(module: Module, at: ast.AST, owner: str, field: str, seen: frozenset[object]) -> set[str]:
    """Of a constant's field its value; of an argument's, what its class is ever made with."""
    known = _global(module, owner)
    if known is not None and isinstance(getattr(known, field, None), str):
        return {str(getattr(known, field))}
    function = module.function_of(at)
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs] if function else []
    kind = next((ast.unparse(each.annotation) for each in given if each.arg == owner and each.annotation), "")
    key = (kind, field)
    if not kind or key in seen:
        raise Untold(f"{module.path}: {owner}.{field}")
    made = _calls(kind)
    if not made:
        raise Untold(f"{module.path}: nobody makes a {kind}")
    return set().union(*(_words(caller, call, _argument(call, field), seen | {key}) for caller, call in made))


def _constant(module: Module, name: str) -> set[str]:
    found = _global(module, name)
    if not isinstance(found, str):
        raise Untold(f"{module.path}: {name}")
    return {str(found)}


def _global(module: Module, name: str) -> object:
    return getattr(import_module(module.name), name, None)
