"""The package as a whole: the direction of its imports, its requirements."""

import ast
import configparser
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "scrapy_crawl4"

# Imports

LAYERS = [
    {"config", "job"},
    {"dispatch", "content"},
    {"workers"},
    # What happens to a page, in terms of Scrapy and Twisted, and what decides over its download.
    {
        "errors",
        "gate",
        "turn",
        "dispatch_stats",
        "meter",
        "header_defaults",
        "middleware_chain",
        "transfer_stats",
        "slots",
        "downloader",
        "downloadermiddlewares",
        "pipelines",
        "exporters",
        "scheduler",
        "spiders",
        "browser",
        "cache",
    },
    {"facade", "engines", "monitor", "commands", "addon"},
]
"""From low to high. Modules beside them are the vocabulary, below all; the package root is above all."""

APART = {frozenset({"dispatch", "content"})}
"""Parts of one layer that do not know each other."""

WITHOUT_SCRAPY = {"vocabulary", "config", "job", "dispatch", "content", "workers"}


@cache
def modules() -> dict[str, ast.Module]:
    """Module name -> syntax tree."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text("utf-8"))
    return found


def is_package(name: str) -> bool:
    return (ROOT / name.replace(".", "/")).is_dir()


def statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements run by an import of the module: not those in functions, not those for type checkers only."""
    found = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            found += statements(statement.orelse)
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for attribute in ("body", "orelse", "finalbody"):
                found += statements(getattr(statement, attribute, []))
            for handler in getattr(statement, "handlers", []):
                found += statements(handler.body)
    return found


def targets(name: str, statement: ast.stmt) -> list[str]:
    """Full names of the modules that an import statement in the module `name` loads."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if not isinstance(statement, ast.ImportFrom):
        return []
    base = statement.module or ""
    if statement.level:
        above = name.split(".") if is_package(name) else name.split(".")[:-1]
        above = above[: len(above) - statement.level + 1]
        base = ".".join([*above, base] if base else above)
    # `from . import name` loads the submodule of that name, where there is one.
    return [full if (full := f"{base}.{alias.name}") in modules() else base for alias in statement.names]


def imports(name: str) -> set[str]:
    tree = modules()[name]
    return {target for statement in statements(tree.body) for target in targets(name, statement)}


def part(name: str) -> str:
    pieces = name.split(".")
    if len(pieces) == 1:
        return "root"
    return pieces[1] if any(pieces[1] in layer for layer in LAYERS) else "vocabulary"


def rank(name: str) -> int:
    own = part(name)
    if own == "root":
        return len(LAYERS)
    return next((number for number, layer in enumerate(LAYERS) if own in layer), -1)


SUBMODULES = sorted(set(modules()) - {"scrapy_crawl4"})


@pytest.mark.parametrize("name", SUBMODULES)
def test_imports_point_down(name):
    inside = {target for target in imports(name) if target.split(".")[0] == "scrapy_crawl4"}
    assert {target for target in inside if rank(target) > rank(name)} == set()
    assert {target for target in inside if {part(name), part(target)} in APART} == set()


@pytest.mark.parametrize("name", SUBMODULES)
def test_imports_of_the_package_are_relative_and_never_of_its_root(name):
    nodes = [node for node in ast.walk(modules()[name]) if isinstance(node, (ast.Import, ast.ImportFrom))]
    absolute = [
        ast.unparse(node)
        for node in nodes
        if not getattr(node, "level", 0)
        and any(target.split(".")[0] == "scrapy_crawl4" for target in targets(name, node))
    ]
    root = [ast.unparse(node) for node in nodes if "scrapy_crawl4" in targets(name, node)]
    assert absolute == root == []


@pytest.mark.parametrize("name", [name for name in SUBMODULES if part(name) in WITHOUT_SCRAPY])
def test_low_layers_import_no_framework(name):
    assert {target for target in imports(name) if target.split(".")[0] in {"scrapy", "twisted"}} == set()


def test_imports_have_no_cycle():
    graph = {name: imports(name) & set(modules()) for name in modules()}
    while leaves := [name for name, targets in graph.items() if not targets & set(graph)]:
        for name in leaves:
            del graph[name]
    # What is left is in a cycle or imports one.
    assert graph == {}


@pytest.mark.parametrize("statement", ["import scrapy_crawl4", "from scrapy_crawl4 import *"])
def test_import_is_light(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=150
    )
    heavy = {"twisted.internet.reactor", "playwright", "trafilatura", "litellm", "openai", "loky", "pandas"}
    assert heavy & set(loaded.stdout.split()) == set()
    assert loaded.stderr == ""


@pytest.mark.parametrize("name", SUBMODULES)
def test_every_module_can_be_imported(name):
    importlib.import_module(name)


# Requirements


def config(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / name, "utf-8")
    return parser


def requirements(text: str) -> dict[str, Requirement]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "{"))]
    return {requirement.name.lower(): requirement for requirement in map(Requirement, lines)}


def test_what_is_no_module_is_shipped_too():
    shipped = {
        path
        for package, patterns in config("setup.cfg")["options.package_data"].items()
        for pattern in patterns.replace(",", " ").split()
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    assert files == shipped


def test_min_environment_pins_the_floors():
    setup = config("setup.cfg")
    extras = setup["options.extras_require"].values()
    floors = requirements("\n".join([setup["options"]["install_requires"], *extras]))
    pins = requirements(config("tox.ini")["testenv:min"]["deps"])
    assert floors.keys() == pins.keys()
    for name, floor in floors.items():
        (low,), (pin,) = floor.specifier, pins[name].specifier
        assert (low.operator, pin.operator) == (">=", "==")
        assert Version(low.version) == Version(pin.version), name
