"""Imports run one way, and only the command line and the pages print."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import PROJECT

# Each layer may import from the layers after it: not from those before it, nor from the others of its own. A package is
# one thing here; what its modules import of one another is its own business.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"app", "rag.__main__"}),
    frozenset({"rag.cli", "rag.ui", "rag.integrations"}),
    frozenset({"rag.training"}),  # states its scores by the measures of the evaluation
    frozenset({"rag.evaluation"}),
    frozenset({"rag.assistant"}),
    frozenset({"rag.search", "rag.compose", "rag.generate", "rag.citations", "rag.question", "rag.contract"}),
    frozenset({"rag.ranker", "rag.rerank", "rag.timeline", "rag.support"}),
    frozenset({"rag.placing"}),
    frozenset({"rag.beside", "rag.slots", "rag.roles"}),
    frozenset({"rag.features", "rag.statement", "rag.likeness", "rag.carried", "rag.reader"}),
    frozenset(
        {
            "rag.terms",
            "rag.period",
            "rag.followup",
            "rag.copies",
            "rag.wording",
            "rag.proper_names",
            "rag.facts",
            "rag.premise",
            "rag.expected",
            "rag.comparison",
        }
    ),
    frozenset({"rag.index"}),
    frozenset({"rag.corpus", "rag.passages", "rag.vocabulary", "rag.translate"}),
    frozenset({"rag.german", "rag.encoder", "rag.messages"}),
    frozenset({"rag.settings", "rag.errors", "rag.types", "rag.names", "rag.numbers", "rag.disk", "rag"}),
)
PACKAGES = frozenset(
    {"rag.cli", "rag.ui", "rag.evaluation", "rag.training", "rag.integrations", "rag.index", "rag.corpus"}
)
MODULES = sorted([PROJECT / "app.py", *(PROJECT / "rag").rglob("*.py")])


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """The layer entry that a module belongs to: its package, or itself."""
    return next((package for package in PACKAGES if module == package or module.startswith(package + ".")), module)


def imports(source: str) -> set[str]:
    """What a module imports, anywhere in it; ``from a import b`` may mean the module ``a.b`` or a name in ``a``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import; write its full name"
            found |= {
                f"{node.module}.{alias.name}" if is_module(node.module, alias.name) else str(node.module)
                for alias in node.names
            }
    return found


def is_module(package: str | None, name: str) -> bool:
    place = PROJECT / str(package).replace(".", "/") / name
    return place.is_dir() or place.with_suffix(".py").is_file()


def layer(name: str) -> int:
    found = [i for i, names in enumerate(LAYERS) if name in names]
    assert found, f"{name} has no place in LAYERS; give it one"
    return found[0]


def violations(module: str, source: str) -> list[str]:
    """The imports of a module that run the wrong way."""
    here, there = room(module), {room(name) for name in imports(source) if name.split(".")[0] in {"rag", "app"}}
    return [f"{module} imports {name}" for name in sorted(there - {here}) if layer(here) >= layer(name)]


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_run_one_way(path: Path) -> None:
    layer(room(module_name(path)))
    assert violations(module_name(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source", "allowed"),
    [
        ("rag.german", "from rag.types import Article", True),
        ("rag.german", "from rag.encoder import load_encoder", False),  # its own layer
        ("rag.compose", "def f():\n    from rag import citations", False),  # another stage, within a function
        ("rag.types", "import rag.cli", False),
        ("rag.index.build", "from rag.index.store import Store", True),
        ("rag.index.build", "from rag import __version__", True),
        ("rag.training.ranker", "from rag.evaluation.answers import auroc", True),
        ("rag.evaluation.answers", "from rag.training import ranker", False),
    ],
)
def test_the_check_of_imports_sees_what_runs_the_wrong_way(module: str, source: str, allowed: bool) -> None:
    assert (violations(module, source) == []) == allowed


def test_nothing_in_the_library_imports_the_tests() -> None:
    for path in MODULES:
        assert not {name.split(".")[0] for name in imports(path.read_text("utf-8"))} & {"tests", "docs"}, path


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))) or path.name == "__init__.py"


def test_torch_is_imported_at_the_top_of_training_alone() -> None:
    heavy = {"torch", "sentence_transformers", "transformers"}
    for path in MODULES:
        for node in ast.parse(path.read_text("utf-8")).body:
            names = (
                {a.name for a in node.names}
                if isinstance(node, ast.Import)
                else {node.module or ""}
                if isinstance(node, ast.ImportFrom)
                else set()
            )
            if {name.split(".")[0] for name in names} & heavy:
                assert "training" in path.parts


def test_nothing_is_pickled() -> None:
    for path in MODULES:
        assert "pickle" not in path.read_text("utf-8"), path


def test_only_the_edges_print() -> None:
    for path in MODULES:
        calls = [
            n
            for n in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        ]
        if any(call.func.id == "print" for call in calls):  # type: ignore[attr-defined]
            assert room(module_name(path)) == "rag.cli", path
