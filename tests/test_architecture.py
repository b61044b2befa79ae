"""Imports run one way, and only the command line and the pages print."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import PROJECT

# Each layer may import from the layers after it, not from those before it, nor from its own other modules.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"app", "rag.cli", "rag.__main__", "rag.ui", "rag.evaluation", "rag.training", "rag.integrations"}),
    frozenset({"rag.assistant"}),
    frozenset({"rag.search", "rag.compose", "rag.citations", "rag.question", "rag.contract"}),
    frozenset({"rag.ranker"}),
    frozenset({"rag.features"}),
    frozenset({"rag.index", "rag.corpus", "rag.passages"}),
    frozenset({"rag.german", "rag.encoder", "rag.messages"}),
    frozenset({"rag.settings", "rag.errors", "rag.types", "rag"}),
)
PACKAGES = frozenset({"rag.ui", "rag.evaluation", "rag.training", "rag.integrations", "rag.index", "rag.corpus"})
STAGES = LAYERS[2]
MODULES = sorted([PROJECT / "app.py", *(PROJECT / "rag").rglob("*.py")])


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    """The layer entry that a module belongs to: its package, or itself."""
    return next((package for package in PACKAGES if module == package or module.startswith(package + ".")), module)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" if node.module == "rag" else node.module for alias in node.names}
    return {name for name in found if name.split(".")[0] == "rag"}


def layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_run_one_way(path: Path) -> None:
    here = room(module_name(path))
    for imported in imports(path):
        there = room(
            imported
            if (PROJECT / Path(*imported.split("."))).with_suffix(".py").exists() or imported in PACKAGES
            else imported.rpartition(".")[0] or imported
        )
        if there != here and there in set().union(*LAYERS):
            assert layer(here) <= layer(there), f"{here} imports {there}"
            assert not (here in STAGES and there in STAGES), f"stage {here} imports stage {there}"


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
            assert path.name in {"cli.py", "pictures.py"}, path
