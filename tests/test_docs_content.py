"""docs/content.md and docs/llm.md say what is true: their code runs and prints what they show, tables are complete."""

import ast
import configparser
import inspect
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import scrapy_crawl4
from scrapy_crawl4 import CrawlerRunConfig, DefaultMarkdownGenerator, RegexExtractionStrategy, process
from scrapy_crawl4.config.supported import RUN_CONTENT
from scrapy_crawl4.content import (
    csv_page,
    descriptions,
    encodings,
    extraction,
    json_fields,
    json_schema,
    markdown_options,
    markdownify_converter,
    pdf_page,
    pipeline,
    signatures,
    structured_data,
    table_grid,
    timed_regex,
)
from scrapy_crawl4.content.cleaning import KEPT_ATTRIBUTES
from scrapy_crawl4.content.domains import SOCIAL_MEDIA_DOMAINS
from scrapy_crawl4.content.media_types import kind_of
from scrapy_crawl4.content.regex_patterns import PATTERNS
from scrapy_crawl4.exceptions import UnsupportedOption

from .llm_server import Model, Reply

ROOT = Path(__file__).parent.parent
CONTENT = (ROOT / "docs" / "content.md").read_text("utf-8")
LLM = (ROOT / "docs" / "llm.md").read_text("utf-8")
PICTURE = ET.fromstring((ROOT / "docs" / "content-stages.svg").read_text("utf-8"))
SVG = "{http://www.w3.org/2000/svg}"

BLOCK = re.compile(r"^(```|~~~)(\w+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
BLOCKS = [(language, code) for _, language, code in BLOCK.findall(CONTENT)]
SHOWN = [
    (code, BLOCKS[place + 1][1])
    for place, (language, code) in enumerate(BLOCKS)
    if language == "python" and BLOCKS[place + 1][0] in {"text", "json"}
]
LLM_SCRIPTS = [code for _, language, code in BLOCK.findall(LLM) if language == "python"]


def rows(first: str, under: str | None = None) -> list[list[str]]:
    """The cells of the tables whose first heading is `first`, without headings; in the section `under` only."""
    text = (
        CONTENT if under is None else re.search(rf"^#+ {under}\n(.*?)(?=^#|\Z)", CONTENT, re.MULTILINE | re.DOTALL)[1]
    )
    tables = re.findall(rf"^\| {first} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert tables
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split(" |")] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def named(table: list[list[str]]) -> list[str]:
    return [name for row in table for name in names(row[0])]


def test_every_program_shows_what_it_prints():
    assert len(SHOWN) == sum(language == "python" for language, _ in BLOCKS)


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_programs_print_what_is_shown(number, capsys):
    code, shown = SHOWN[number]
    exec(compile(code, f"program {number}", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("script", LLM_SCRIPTS)
def test_programs_of_language_models_run(script, site, monkeypatch, capsys):
    with Model([Reply('[{"name": "Wall", "price": 30}]')]) as model:
        monkeypatch.setenv("OPENAI_API_KEY", "a-token")
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        script = script.replace("https://example.org/shop", site.url("/page/1"))
        exec(compile(script, "program", "exec"), {"__name__": "__main__"})
        assert "Page 1" in model.asked[0].page
    printed = capsys.readouterr().out
    assert '"name": "Wall"' in printed
    assert "'total_tokens': 15" in printed


def test_stages_are_those_of_the_pipeline_in_their_order():
    told = re.search(r"^parse, (?:.|\n)*?: in this order\.$", pipeline.__doc__, re.MULTILINE)[0]
    order = re.sub(r" \([^)]*\)", "", told.partition(":")[0]).replace("\n", " ").split(", ")
    table = named(rows("stage", "The stages"))
    # The docstring names a stage once where it goes on later.
    assert list(dict.fromkeys(table)) == list(dict.fromkeys(order))
    run = re.findall(r'\bstage\(\s*"(\w+)"', inspect.getsource(pipeline))
    assert {*table, "scraping"} == set(run)
    assert all(f"`{name}` (a " in CONTENT for name in ("pdf", "scraping"))


def test_the_picture_shows_the_stages_and_what_they_make():
    table = rows("stage", "The stages")
    shown = [text for text in PICTURE.iter(f"{SVG}text") if text.get("class") == "name"]
    left = min(int(text.get("x")) for text in shown)
    makes = [", ".join(names(row[2])) for row in table if row[2]]
    assert [text.text for text in shown if int(text.get("x")) == left] == named(table)
    assert [text.text for text in shown if int(text.get("x")) != left] == makes
    described = PICTURE.find(f"{SVG}desc").text
    assert ", ".join(named(table)) in described
    assert PICTURE.find(f"{SVG}title").text
    assert all(name in described for made in makes for name in made.split(", "))


def test_options_are_those_of_the_configuration():
    table = rows("option", "Options")
    assert sorted(named(table)) == sorted(RUN_CONTENT)
    config = CrawlerRunConfig()
    stages = set(named(rows("stage", "The stages"))) | {"scraping"}
    for name, default, stage, _ in table:
        assert ast.literal_eval(default.strip("`")) == getattr(config, name.strip("`"))
        assert stage.strip("`") in stages


def test_options_that_are_refused_are():
    for name in ("parser_type", "link_preview_config"):
        with pytest.raises(UnsupportedOption):
            CrawlerRunConfig(**{name: "html.parser"})
        assert f"`{name}`" in CONTENT


def test_media_types_are_of_their_kind():
    for types, kind, _ in rows("media types"):
        assert {kind_of(name).name for name in names(types)} == {kind}


def test_metadata_keys_are_those_of_a_page():
    always, sometimes = rows("key", "Metadata")[:6], rows("key", "Metadata")[6:]
    assert set(named(always)) == set(process("").metadata)
    assert set(named(sometimes)) == {"selection", "pages", *pdf_page._DATES, "llm_usage"}
    assert "selection" in process("", config=CrawlerRunConfig(css_selector="p")).metadata
    text = process("", content_type="text/plain")
    assert set(process("x", content_type="text/plain").metadata) == {"title", "description", "keywords", "author"}
    assert set(text.metadata) <= set(named(always))


def test_keys_of_links_media_and_tables():
    page = """<a href=/a>a</a><img src=a.png><video src=v.mp4 poster=p.png><track src=t.vtt></video>
    <table id=i class=c><tr><th>A<th>B<tr><td>1<td>2</table>"""
    result = process(page, url="https://example.org/", config=CrawlerRunConfig(score_links=True))
    assert set(named(rows("key", "Links"))) == set(result.links["internal"][0])
    media = result.media["images"][0].keys() | result.media["videos"][0].keys()
    assert set(named(rows("key", "Media"))) == media
    table = rows("key", "Tables")
    assert set(named(table)) == set(result.tables[0])
    assert set(names(table[-1][1])) == set(result.tables[0]["metadata"])


def test_attributes_and_domains_that_are_named():
    kept = re.search(r"keeps these attributes: (.*?)\.\n", CONTENT, re.DOTALL)[1]
    assert set(names(kept)) == KEPT_ATTRIBUTES
    assert all(domain in CONTENT for domain in SOCIAL_MEDIA_DOMAINS)


def test_attributes_of_markdown():
    assert set(named(rows("attribute", "Markdown"))) == set(process("").markdown.model_dump())


CALLS = [cell for first in ("class", "filter", "strategy") for row in rows(first) for cell in names(row[0])]
CALLS.append(re.search(r"^`(DefaultMarkdownGenerator\(.*)`$", CONTENT, re.MULTILINE)[1])


@pytest.mark.parametrize("call", CALLS)
def test_parameters_and_their_defaults(call):
    node = ast.parse(call, mode="eval").body
    if isinstance(node, ast.Name):  # described elsewhere, or a base class
        assert node.id in scrapy_crawl4.__all__
        return
    made = getattr(scrapy_crawl4, node.func.id)
    told = {keyword.arg: eval(ast.unparse(keyword.value), vars(scrapy_crawl4)) for keyword in node.keywords}
    parameters = inspect.signature(made).parameters.values()
    plain = [one for one in parameters if one.kind not in {one.VAR_POSITIONAL, one.VAR_KEYWORD}]
    if node.func.id != "NoExtractionStrategy":
        assert {one.name: one.default for one in plain if one.default is not one.empty} == told
    assert [argument.id for argument in node.args] == [one.name for one in plain if one.default is one.empty]


def test_markdown_options_are_those_of_the_code():
    table = rows("option", "Its options")
    told = {names(row[0])[0]: ast.literal_eval(row[1].strip("`")) for row in table}
    assert sorted(told) == sorted(markdown_options._KNOWN)
    style = markdown_options.markdown_style({})
    for name, default in told.items():
        if name in markdown_options._SWITCHES:
            assert markdown_options._SWITCHES[name].get(default, "") is None
        elif name in markdown_options._VALUES:
            group, attribute, _ = markdown_options._VALUES[name]
            assert getattr(getattr(style.writer, group), attribute) == default
        elif default is not None:
            # Given, the default changes nothing but the list of what was given.
            page = "<p>1. a\\b</p><p>+ - 1</p><pre><code>x</code></pre><a href=mailto:a@b.c>t</a>"
            options = {} if default == () else {name: default}
            assert DefaultMarkdownGenerator(options=options).generate_markdown(page) == process(page).markdown


def test_markdown_options_of_markdownify():
    for cell, default, able, _ in rows("option", "Its options"):
        name, value = names(cell)[0], ast.literal_eval(default.strip("`"))
        knows = name in markdownify_converter._ABLE
        only_default = not knows and value is True
        assert able == ("yes" if knows else "default" if only_default else "no"), name


def test_schema_language_is_that_of_the_code():
    keys, of_fields = rows("key", "Schemas")[:4], rows("key", "Schemas")[4:]
    assert tuple(named(keys)) == json_schema._SCHEMA_KEYS
    table = {names(row[0])[0]: set(names(row[2])) for row in rows("type", "Schemas")}
    assert sorted(table) == sorted(json_schema._TYPES)
    assert set(named(of_fields)) | {"default"} == set().union(*table.values())
    transforms = next(row for row in of_fields if row[0] == "`transform`")
    assert tuple(names(transforms[1])) == tuple(json_fields.TRANSFORMS)


VALUES = {"attribute": "href", "pattern": "(x)", "fields": [{"name": "b", "type": "text"}], "function": len}


@pytest.mark.parametrize("row", rows("type", "Schemas"), ids=lambda row: row[0])
def test_a_type_of_field_takes_the_keys_that_are_told(row):
    kind = names(row[0])[0]
    given = {"selector": "a", "source": "+ a", "default": "d", "transform": "strip", "group": 1, **VALUES}
    told = {name: given[name] for name in names(row[2])}
    schema = {"baseSelector": "p", "fields": [{"name": "a", "type": kind, **told}]}
    assert scrapy_crawl4.JsonCssExtractionStrategy(schema)
    for name in given.keys() - told.keys():
        with pytest.raises(ValueError, match=f"'{name}' has no meaning"):
            scrapy_crawl4.JsonCssExtractionStrategy(
                {**schema, "fields": [{"name": "a", "type": kind, **told, name: given[name]}]}
            )


def test_patterns_are_those_of_the_code_and_find_what_is_told():
    table = [[names(cell)[0] for cell in row] for row in rows("pattern", "Regular expressions")]
    assert [label for _, label, _ in table] == list(PATTERNS)
    for flag, label, example in table:
        strategy = RegexExtractionStrategy(getattr(RegexExtractionStrategy, flag))
        found = strategy.extract("", f"so {example} there")
        assert [(match["label"], match["value"]) for match in found] == [(label, example)]


def test_input_formats_are_told():
    assert all(f'`"{name}"`' in CONTENT for name in extraction.INPUT_FORMATS)


def test_limits_are_those_of_the_code():
    told = {row[0]: row[1] for row in rows("limit")}
    assert told == {
        "CSV as a table": f"{csv_page.LARGEST:,} characters",
        "pages of a PDF": f"{pdf_page.MOST_PAGES:,}",
        "drawing operations of a PDF": f"{pdf_page.MOST_OPERATIONS:,}",
        "drawing code of a PDF": f"{pdf_page.MOST_BYTES:,} bytes",
        "one decompressed stream of a PDF": f"{pdf_page.MOST_STREAM_BYTES:,} bytes",
        "text of one JSON-LD block, or of all microdata or RDFa properties": (
            f"{structured_data._MOST_TEXT:,} characters"
        ),
        "properties of microdata or RDFa": f"{structured_data._MOST_PROPERTIES:,}",
        "levels of structured data": f"{structured_data._DEEPEST}",
        "places of a table": f"{table_grid._GROWTH} times its cells, and {table_grid._SPARE:,}",
        "fields in fields of a schema": f"{json_schema._MAX_DEPTH} levels",
        "length of all records": f"{json_fields._GROWTH} times the page for each field",
        "nodes read for all records": f"{json_fields._STEPS:,}, and the characters of the page for each field",
        "patterns of your own on one page": (
            f"{timed_regex._SECONDS:.0f} s, and 1 s per {1 / timed_regex._SECONDS_PER_CHARACTER:,.0f} characters"
        ),
    }
    assert f"first {signatures.SNIFFED_BYTES:,} bytes" in CONTENT
    assert f"first {encodings.PRESCAN_BYTES:,} bytes" in CONTENT
    assert f"at most {descriptions._LENGTH} characters" in CONTENT


def test_extras_are_those_of_the_distribution():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", "utf-8")
    of_fetching = {"browser", "user-agents"}
    assert set(named(rows("extra"))) == set(setup["options.extras_require"]) - of_fetching
