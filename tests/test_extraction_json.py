"""Records by a schema of selectors."""

import json
import logging
import multiprocessing
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import turbohtml
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    JsonCssExtractionStrategy,
    JsonElementExtractionStrategy,
    JsonLxmlExtractionStrategy,
    JsonXPathExtractionStrategy,
    UnsupportedOption,
    process,
)
from scrapy_crawl4.content.element_text import text_of
from scrapy_crawl4.content.json_fields import Page
from scrapy_crawl4.content.json_selectors import CssSelectors

URL = "https://example.org/shop/"
SHOP = """<!doctype html><title>Shop</title>
<nav class="product">not a product <!-- but --></nav>
<div class="product" data-id="7">
  <h2> Blue
     <em>Lamp</em></h2>
  <a href="lamp?a=1&amp;b=2" class="more wide">More</a>
  <span class="price">$<b>1,299</b>.50</span>
  <ul><li class="tag">New</li><li class="tag" title="t">Sale</li></ul>
  <div class="maker"><span>Acme</span><div class="place"><i>Oslo</i></div></div>
</div>
<p class="note">No returns</p>
<div class="product" data-id="8"><h2>Chair</h2></div>
<p class="note extra">Some assembly</p>
"""


def css(*fields, html=SHOP, base="div.product", **schema):
    return JsonCssExtractionStrategy({"baseSelector": base, "fields": [*fields], **schema}).extract(URL, html)


def xpath(*fields, html=SHOP, base="//div[@class='product']"):
    return JsonXPathExtractionStrategy({"baseSelector": base, "fields": [*fields]}).extract(URL, html)


def field(selector=None, type="text", **more):  # noqa: A002 - the word of the schema
    return {"name": "f", "type": type, **({} if selector is None else {"selector": selector}), **more}


# Values

VALUES = [
    (field("h2"), "Blue Lamp"),
    (field("a", "attribute", attribute="href"), "lamp?a=1&b=2"),
    (field("a", "attribute", attribute="class"), "more wide"),
    (field(None, "attribute", attribute="data-id"), "7"),
    (field("a", "html"), '<a href="lamp?a=1&amp;b=2" class="more wide">More</a>'),
    (field(".price"), "$1,299.50"),
    (field(".price", "regex", pattern=r"([\d,]+)"), "1,299"),
    (field(".price", "regex", pattern=r"(\$)(?P<rest>.*)", group="rest"), "1,299.50"),
    (field(".price", "regex", pattern=r"\d+", group=0), "1"),
    (field("a", ["attribute", "regex"], attribute="href", pattern="b=(.)"), "2"),
    (field("a", ["html", "regex"], pattern="class=(.)"), '"'),
    (field(".price", ["text", "regex", "regex"], pattern="..(.*)"), "99.50"),
    (field("h2", transform="uppercase"), "BLUE LAMP"),
    (field("h2", transform=["lowercase", "strip"]), "blue lamp"),
    (field(".maker", "nested", fields=[{"name": "who", "selector": "span", "type": "text"}]), {"who": "Acme"}),
    (field(".tag", "list", fields=[{"name": "t", "type": "text"}]), [{"t": "New"}, {"t": "Sale"}]),
    (field(".tag", "nested_list", fields=[field(None, "attribute", attribute="title")]), [{}, {"f": "t"}]),
    (field(source="+ p"), "No returns"),
    (field(source="+ .extra"), "Some assembly"),
    (field(source="+"), "No returns"),
    (field(source="+ p", transform="lowercase"), "no returns"),
    (field(None, "nested", source="+ p", fields=[{"name": "note", "type": "text"}]), {"note": "No returns"}),
    (field("> .maker > span"), "Acme"),
    (field("html h2"), "Blue Lamp"),
]


@pytest.mark.parametrize(("spec", "value"), VALUES, ids=lambda value: json.dumps(value)[:60])
def test_what_a_field_reads(spec, value):
    assert css(spec)[0] == {"f": value}


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (field("h2"), "Blue Lamp"),
        (field(".//h2"), "Blue Lamp"),
        (field("//h2"), "Blue Lamp"),
        (field("h2/em"), "Lamp"),
        (field("h2 em"), "Lamp"),
        (field("div > span"), "Acme"),
        (field("li[@title='t']"), "Sale"),
        (field("li[contains(@class, 'tag')][2]"), "Sale"),
        (field("//h3 | //h2"), "Blue Lamp"),
        (field("(.//li)[last()]"), "Sale"),
        (field("./a/@href"), "lamp?a=1&b=2"),
        (field("a", "attribute", attribute="href"), "lamp?a=1&b=2"),
        (field("@data-id"), "7"),
        (field("h2/text()"), "Blue"),
        (field("count(.//li)"), "2"),
        (field("count(.//li) > 1"), "true"),
        (field("count(.//li) div 4"), "0.5"),
        (field("string(.//em)"), "Lamp"),
        (field("li[re:test(., '^S')]"), "Sale"),
        (field(source="+ p.extra"), "Some assembly"),
        (field("./following-sibling::p[1]"), "No returns"),
        (field("//li", "list", fields=[{"name": "t", "type": "text"}]), [{"t": "New"}, {"t": "Sale"}]),
        (field("//li/text()", "list", fields=[{"name": "t", "type": "text"}]), [{"t": "New"}, {"t": "Sale"}]),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_what_a_field_reads_with_xpath(spec, value):
    assert xpath(spec)[0] == {"f": value}


def test_base_paths_may_be_relative_to_the_page():
    for base in ("//div[@class='product']", "div[@class='product']", "./body/div", "/html/body/div", "body > div"):
        assert xpath(field("h2"), base=base) == [{"f": "Blue Lamp"}, {"f": "Chair"}]
    assert xpath(field(), base="//h2/text()", html="<h2>a</h2><h2>b</h2>") == [{"f": "a"}, {"f": "b"}]
    assert css(field("title"), base="html") == [{"f": "Shop"}]


def test_what_text_can_be_searched_has_no_elements():
    assert xpath(field("b"), field("", "text") | {"name": "g", "selector": "//i"}, base="//h2/text()") == []
    assert xpath(field(None, "attribute", attribute="x", default=1), base="//h2/text()")[0] == {"f": 1}
    assert xpath(field(None, "html"), base="//em/text()") == [{"f": "Lamp"}]
    assert xpath(field(source="+ p"), base="//em/text()") == []


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>a</b> <i>b</i>", "a b"),
        ("<b>a</b><i>b</i>", "ab"),
        ("x <p>a</p><p>b</p> y", "x a b y"),
        ("a<br>b", "a b"),
        ("a <!-- c -->  b", "a b"),
        ("<ul><li>1<li>2</ul>", "1 2"),
        ("a <pre> x\n  y</pre> b", "a x\n  y b"),
        ("a<script>b</script><style>c</style>d", "ad"),
        ("&nbsp;a&nbsp;b\n", "a\xa0b"),
        ("", ""),
        ("<p> </p>", ""),
    ],
)
def test_text_is_what_a_reader_sees(html, text):
    assert css(field(), base="main", html=f"<main>{html}</main>") == [{"f": text}]


def test_text_of_preformatted_elements_and_scripts_is_theirs():
    assert css(field(), base="pre", html="<pre>a\n  b\n</pre>") == [{"f": "a\n  b"}]
    data = '<script type="application/ld+json">{"a":  1}</script>'
    assert css(field(None, ["text", "regex"], pattern='"a":( *.)'), base="script", html=data) == [{"f": "  1"}]


def test_text_of_deep_nesting_needs_no_recursion():
    assert css(field(), base="main", html=f"<main>{'<div>' * 5000}x{'</div>' * 5000}</main>") == [{"f": "x"}]


def test_shadow_roots_and_templates_can_be_selected():
    html = '<x-a><template shadowrootmode="open"><p>in</p></template></x-a><template><p>kept</p></template>'
    assert css(field(), base="p", html=html) == [{"f": "in"}, {"f": "kept"}]


# What is not there


@pytest.mark.parametrize(
    "spec",
    [
        field(".none"),
        field("a", "attribute", attribute="none"),
        field("h2", "regex", pattern="(none)"),
        field("h2", "regex", pattern="(none)?Blue"),
        field(source="+ .none"),
        field(".none", transform="lowercase"),
        field(".none", default=None),
    ],
    ids=str,
)
def test_what_is_not_there_is_left_out_or_has_its_default(spec):
    also = {"name": "id", "type": "attribute", "attribute": "data-id"}
    assert css(also, spec)[0] == {"id": "7"}
    assert css(also, {**spec, "default": ["x"]})[0] == {"id": "7", "f": ["x"]}


def test_records_and_lists_that_are_not_there():
    inner = {"fields": [{"name": "t", "type": "text"}]}
    assert css(field(".none", "nested", **inner))[0] == {"f": {}}
    assert css(field(".none", "nested", default=0, **inner))[0] == {"f": 0}
    assert css(field(".none", "list", **inner))[0] == {"f": []}
    assert css(field(".none", "nested_list", default="no", **inner))[0] == {"f": "no"}
    assert css(field("li", "list", source="+ .none", **inner))[0] == {"f": []}


def test_records_without_a_field_are_left_out():
    assert css(field("em")) == [{"f": "Lamp"}]
    assert css(field("em"), base=".none") == []
    assert css(field("em"), html="") == []


def test_empty_values_are_values():
    assert css(field(None, "attribute", attribute="disabled"), base="i", html="<i disabled>") == [{"f": ""}]


def test_defaults_are_not_shared_between_records():
    default = ["x"]
    strategy = JsonCssExtractionStrategy({"baseSelector": "i", "fields": [field("b", default=default)]})
    default.append("y")
    first, second = strategy.extract(URL, "<i></i><i></i>")
    first["f"].append("z")
    assert second == {"f": ["x"]}


# Levels


def test_base_fields_come_first_and_levels_nest():
    schema = {
        "name": "shop",
        "baseSelector": "div.product",
        "baseFields": [{"name": "id", "type": "attribute", "attribute": "data-id"}],
        "fields": [
            {
                "name": "maker",
                "selector": ".maker",
                "type": "nested",
                "fields": [
                    {"name": "name", "selector": "span", "type": "text"},
                    {
                        "name": "place",
                        "selector": ".place",
                        "type": "nested",
                        "fields": [{"name": "city", "selector": "i", "type": "text", "transform": "uppercase"}],
                    },
                ],
            },
            {"name": "label", "type": "computed", "function": lambda item: f"{item['id']} by {item['maker']['name']}"},
        ],
    }
    assert JsonCssExtractionStrategy(schema).extract(URL, SHOP) == [
        {"id": "7", "maker": {"name": "Acme", "place": {"city": "OSLO"}}, "label": "7 by Acme"},
        {"id": "8", "maker": {}},
    ]


def test_a_function_that_raises_costs_its_field_only(caplog):
    specs = [field("em"), {"name": "n", "type": "computed", "function": lambda item: item["f"][99]}]
    with caplog.at_level(logging.WARNING):
        assert css(*specs, html=SHOP.replace("Chair", "<em>Chair</em>"), name="shop") == [{"f": "Lamp"}, {"f": "Chair"}]
    (record,) = caplog.records
    assert record.getMessage() == (
        "JsonCssExtractionStrategy: field 'n' of 'shop': its function raised IndexError: string index out of range"
    )
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert css(specs[0], {**specs[1], "default": 0}) == [{"f": "Lamp", "n": 0}, {"n": 0}]
    assert caplog.records == []


# Errors of schemas

WRONG = [
    (None, TypeError, "the schema must be a dict, got NoneType"),
    ({}, ValueError, "the schema has no baseSelector"),
    ({"baseSelector": 3}, TypeError, "baseSelector must be text, got int"),
    ({"baseSelector": "p["}, ValueError, "baseSelector is not valid CSS"),
    ({"baseSelector": "p"}, ValueError, "the schema has no fields"),
    ({"baseSelector": "p", "fields": []}, ValueError, "the schema has no fields"),
    ({"baseSelector": "p", "fields": {}}, TypeError, "fields must be a list of fields, got dict"),
    ({"baseSelector": "p", "fields": ["a"]}, TypeError, "field 1 of 'the schema' must be a dict, got str"),
    ({"name": 1, "baseSelector": "p", "fields": [field()]}, TypeError, "name must be text, got int"),
    ({"base": "p"}, ValueError, "'base' has no meaning here; what has is name, baseSelector, baseFields, fields"),
]
WRONG_FIELDS = [
    ({"type": "text"}, ValueError, "field 1 of 'items' has no name"),
    ({"name": 5, "type": "text"}, TypeError, "field 1 of 'items': name must be text, got int"),
    ({"name": "f"}, ValueError, "has no type; give one of text, attribute"),
    (field(type="txt"), ValueError, "type 'txt' is not available; use one of text, attribute, html, regex, nested"),
    (field(type=3), TypeError, "type must be text or a list of texts, got 3"),
    (field(type=[]), ValueError, "type is an empty list"),
    (field(type=["text", 1]), TypeError, "type must be text or a list"),
    (field(type=["nested"]), ValueError, "type 'nested' is not available in a list of types"),
    (field(type=["regex", "text"], pattern="(a)"), ValueError, "type 'text' works on elements and must come first"),
    (field("", "text"), ValueError, "has no selector"),
    (field(3), TypeError, "selector must be text, got int"),
    (field("a[", "text"), ValueError, "selector is not valid CSS: "),
    (field("a:contains('x')", "text"), ValueError, "selector is not valid CSS: "),
    (field("a", "attribute"), ValueError, "has no attribute"),
    (field("a", "attribute", attribute=1), TypeError, "attribute must be text"),
    (field("a", "text", attribute="href"), ValueError, "'attribute' has no meaning here"),
    (field("a", "regex"), ValueError, "has no pattern"),
    (field("a", "regex", pattern="("), ValueError, "pattern is not a valid regular expression: "),
    (field("a", "regex", pattern=1), TypeError, "pattern must be text, got int"),
    (field("a", "regex", pattern="a"), ValueError, "the pattern has no group 1; group 0 is all that it matches"),
    (field("a", "regex", pattern="(a)", group=2), ValueError, "the pattern has no group 2"),
    (field("a", "regex", pattern="(a)", group=-1), ValueError, "the pattern has no group -1"),
    (field("a", "regex", pattern="(a)", group="x"), ValueError, "the pattern has no group 'x'"),
    (field("a", "regex", pattern="(a)", group=1.0), TypeError, "group must be a number or a name, got float"),
    (field("a", "text", group=1), ValueError, "'group' has no meaning here"),
    (field("a", "text", transform="title"), ValueError, "transform 'title' is not available; use one of lowercase"),
    (field("a", "text", transform=3), TypeError, "transform must be text or a list of texts, got int"),
    (field("a", "nested"), ValueError, "is of type nested and has no fields"),
    (field("a", "list", fields=[]), ValueError, "is of type list and has no fields"),
    (field("a", "list", fields=3), TypeError, "fields must be a list of fields, got int"),
    (field(None, "list", fields=[field()]), ValueError, "is a list and has no selector"),
    (field("a", "nested", fields=[field()], transform="strip"), ValueError, "'transform' has no meaning here"),
    (field(None, "computed"), ValueError, "is computed and has no function"),
    (field(None, "computed", function="len"), TypeError, "function must be callable, got str"),
    (field(None, "computed", expression="1+1"), ValueError, "expression is not available, because it would run text"),
    (field("a", "computed", function=len), ValueError, "'selector' has no meaning here"),
    (field(source="tr"), ValueError, "source must be '+' and a CSS selector of a sibling, such as '+ tr', got 'tr'"),
    (field(source="+ tr["), ValueError, "source is not valid CSS"),
    (field(source=1), TypeError, "source must be text"),
    (field(default=(each for each in "")), TypeError, "default must be a value that can be copied"),
    (field("a", "text", whatever=1), ValueError, "'whatever' has no meaning here; what has is name, type, default"),
]


@pytest.mark.parametrize(("schema", "error", "text"), WRONG, ids=lambda value: str(value)[:40])
def test_errors_of_a_schema(schema, error, text):
    with pytest.raises(error) as caught:
        JsonCssExtractionStrategy(schema)
    assert str(caught.value).startswith("JsonCssExtractionStrategy: ")
    assert text in str(caught.value)


@pytest.mark.parametrize(("spec", "error", "text"), WRONG_FIELDS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("key", ["fields", "baseFields"])
def test_errors_of_a_field(key, spec, error, text):
    with pytest.raises(error) as caught:
        JsonCssExtractionStrategy({"name": "items", "baseSelector": "p", key: [spec]})
    assert str(caught.value).startswith(
        "JsonCssExtractionStrategy: field 'f' of 'items'"
        if spec.get("name") == "f"
        else "JsonCssExtractionStrategy: field 1 of 'items'"
    )
    assert text in str(caught.value)


def test_errors_in_nested_fields_name_the_field_above():
    inner = {"name": "price", "type": "text", "selector": "a["}
    with pytest.raises(ValueError, match=r"^JsonCssExtractionStrategy: field 'price' of 'f': selector is not valid"):
        css(field("a", "nested", fields=[inner]))


def test_names_differ():
    with pytest.raises(ValueError, match="field 'f' of 'the schema' is there twice; names must differ"):
        css(field(), field())
    with pytest.raises(ValueError, match="field 'f' of 'the schema' is there twice"):
        css(field(), baseFields=[field()])
    with pytest.raises(ValueError, match="field 'f' of 'f' is there twice"):
        css(field("a", "list", fields=[field(), field()]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("//a[", "invalid XPath './/a['"),
        ("//a[unknown(.)]", "unknown function 'unknown'"),
        ("//a[b:c(.)]", "unknown function 'b:c'"),
        ("//a[$x]", "variables have no value here"),
        ("//ns:a", "undefined namespace prefix"),
        ("count('a')", "count() of a non-node-set"),
        ("a.b >", "invalid XPath"),
        ("::text", "invalid XPath"),
    ],
)
def test_errors_of_xpaths(path, text):
    with pytest.raises(
        ValueError, match="JsonXPathExtractionStrategy: field 'f' of 'the schema': selector is not"
    ) as one:
        xpath(field(path))
    assert text in str(one.value)
    with pytest.raises(ValueError, match="JsonXPathExtractionStrategy: the schema: baseSelector is not valid XPath"):
        xpath(field(), base=path)


def test_what_only_a_page_brings_out_names_the_path():
    with pytest.raises(ValueError, match=r"the XPath './/a\[sum\(1\)\]' failed"):
        xpath(field("//a[sum(1)]"))
    with pytest.raises(ValueError, match="baseSelector is not valid XPath: it gives a value, not elements"):
        xpath(field(), base="count(//p)")


def test_literals_in_paths_are_no_code():
    html = "<p title='$x ns:y f(z) | //b'>a</p>"
    assert xpath(field(None), base="//p[@title='$x ns:y f(z) | //b']", html=html) == [{"f": "a"}]
    assert xpath(field("//p[.='| //x'] | //p"), base="//body", html=html) == [{"f": "a"}]


def test_fields_cannot_lie_in_each_other_without_end():
    schema = field("a", "nested")
    schema["fields"] = [schema]
    with pytest.raises(ValueError, match="fields lie more than 50 deep in each other"):
        css(schema)


@pytest.mark.parametrize("made", [JsonCssExtractionStrategy, JsonXPathExtractionStrategy, JsonLxmlExtractionStrategy])
def test_parameters(made):
    schema = {"baseSelector": "p", "fields": [field()]}
    strategy = made(schema, verbose=True, input_format="html")
    assert (strategy.input_format, strategy.verbose, strategy.schema) == ("html", True, schema)
    assert isinstance(strategy, JsonElementExtractionStrategy)
    with pytest.raises(ValueError, match="input_format must be 'html', got 'markdown'"):
        made(schema, input_format="markdown")
    with pytest.raises(TypeError):
        made(schema, chunks=3)
    with pytest.raises(AttributeError):
        strategy.schema = {}


def test_hints_of_the_lxml_strategy_cannot_be_switched_off():
    schema = {"baseSelector": "div.product", "fields": [field("h2")]}
    strategy = JsonLxmlExtractionStrategy(schema, use_caching=True, optimize_common_patterns=True)
    assert strategy.extract(URL, SHOP) == [{"f": "Blue Lamp"}, {"f": "Chair"}]
    for name in ("use_caching", "optimize_common_patterns"):
        with pytest.raises(UnsupportedOption, match=name):
            JsonLxmlExtractionStrategy(schema, **{name: False})


def test_a_schema_that_changes_later_changes_nothing():
    schema = {"baseSelector": "div.product", "fields": [field("h2")]}
    strategy = JsonCssExtractionStrategy(schema)
    schema["fields"][0]["selector"] = "p["
    schema["baseSelector"] = "none"
    assert strategy.extract(URL, SHOP) == [{"f": "Blue Lamp"}, {"f": "Chair"}]


# Anything at all

KEYS = ["name", "type", "selector", "source", "default", "fields", "pattern", "group", "attribute", "transform"]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.text(max_size=8)
    | st.sampled_from(
        ["text", "regex", "attribute", "html", "nested", "list", "computed", "lowercase", "+ p", "a", "(a)"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner),
    max_leaves=8,
)
NAMES = st.text(min_size=1, max_size=5)
SELECTORS = st.sampled_from(["a", "p", "*", ".x", "div p", "> p", "p:first-child", "[title]"])
VALUE_FIELDS = st.builds(
    lambda name, part, more: {"name": name, **part, **more},
    NAMES,
    st.sampled_from(
        [
            {"type": "text"},
            {"type": "html"},
            {"type": "attribute", "attribute": "title"},
            {"type": "regex", "pattern": "(.)"},
            {"type": ["html", "regex"], "pattern": "<(.)", "group": 0},
        ]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "selector": SELECTORS,
            "default": st.just("d"),
            "transform": st.just(["strip"]),
            "source": st.just("+ p"),
        },
    ),
)
FIELDS = st.recursive(
    VALUE_FIELDS,
    lambda inner: st.builds(
        lambda name, kind, selector, fields: {"name": name, "type": kind, "selector": selector, "fields": fields},
        NAMES,
        st.sampled_from(["nested", "list", "nested_list"]),
        SELECTORS,
        st.lists(inner, min_size=1, max_size=3, unique_by=lambda spec: spec["name"]),
    ),
    max_leaves=6,
)
SCHEMAS = st.builds(
    lambda base, fields: {"baseSelector": base, "fields": fields},
    SELECTORS.filter(lambda selector: not selector.startswith(">")),
    st.lists(FIELDS, min_size=1, max_size=4, unique_by=lambda spec: spec["name"]),
)
PAGES = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<div class=x>", "</div>", "<a title=t href=/>", "</a>", "<table><tr>", "<br", "<!--", "&"]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)


@pytest.mark.parametrize("made", [JsonCssExtractionStrategy, JsonXPathExtractionStrategy])
@given(schema=ANYTHING, selector=st.text(max_size=10), pattern=st.text(max_size=6))
def test_a_wrong_schema_is_a_value_or_a_type_error(made, schema, selector, pattern):
    specs = [field(selector, "regex", pattern=pattern, group=0), {"name": "g", "type": "text", "default": schema}]
    for each in (
        schema,
        {"baseSelector": "p", "fields": schema},
        {"baseSelector": selector, "fields": [schema]},
        specs,
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                strategy = made(each if each is not specs else {"baseSelector": selector, "fields": specs})
            except (ValueError, TypeError) as error:
                sentence = str(error)
            else:
                sentence = ""
                assert isinstance(strategy.extract(URL, SHOP), list)
            assert not sentence or sentence.startswith(f"{made.__name__}: ")


@given(SCHEMAS, PAGES)
def test_a_right_schema_reads_any_page(schema, html):
    strategy = JsonCssExtractionStrategy(schema)
    records = strategy.extract(URL, html)
    assert json.loads(json.dumps(records)) == records
    assert pickle.loads(pickle.dumps(strategy)).extract(URL, html) == records
    assert JsonCssExtractionStrategy(json.loads(json.dumps(schema))).extract(URL, html) == records
    assert all(set(record) <= {spec["name"] for spec in schema["fields"]} for record in records)


@settings(max_examples=50)
@given(PAGES)
def test_text_has_all_that_is_written_in_an_element(html):
    for main in _document(f"<main>{html}</main>").select("main"):
        assert text_of(main) == text_of(main).strip()
        assert text_of(main) == text_of(main, [].append)
        assert "".join(text_of(main).split()) == "".join(main.text.split())


def _document(html):
    return turbohtml.parse(html, positions=False)


# Processes, threads, size

EVERYTHING = {
    "name": "shop",
    "baseSelector": "div.product",
    "fields": [{**spec, "name": f"f{number}"} for number, (spec, _) in enumerate(VALUES)]
    + [{"name": "size", "type": "computed", "function": len}],
}


def test_same_records_in_another_process_and_in_threads():
    strategy = JsonCssExtractionStrategy(EVERYTHING)
    expected = strategy.extract(URL, SHOP)
    assert expected[0]["size"] == len(VALUES)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(strategy.extract, [URL] * 40, [SHOP] * 40)) == [expected] * 40
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(strategy.extract, (URL, SHOP)) == expected


class CountingSelectors(CssSelectors):
    """CSS that counts how often it selects."""

    def __init__(self):
        self.calls = 0

    def all(self, node, selector):
        self.calls += 1
        return super().all(node, selector)

    def first(self, node, selector):
        self.calls += 1
        return super().first(node, selector)


def test_twenty_thousand_records_take_one_selection_each():
    class Counting(JsonCssExtractionStrategy):
        _language = CountingSelectors()

    html = "<table>" + "<tr class=item><td>1<td>2" * 20_000 + "</table>"
    schema = {
        "baseSelector": "tr",
        "fields": [
            {"name": "cell", "selector": "td:nth-child(2)", "type": "text"},
            {"name": "next", "source": "+ tr.none", "type": "text"},
            {"name": "cells", "selector": "> td", "type": "list", "fields": [{"name": "t", "type": "text"}]},
        ],
    }
    records = Counting(schema).extract(URL, html)
    assert len(records) == 20_000
    assert records[-1] == {"cell": "2", "cells": [{"t": "1"}, {"t": "2"}]}
    assert Counting._language.calls == 2 * 20_000


def test_siblings_of_one_parent_are_looked_up_once():
    document = _document("<p>1</p>x<i>2</i><p>3</p><p class=b>4</p>")
    page = Page(CssSelectors(), 0, 1)
    found = [page.next_sibling(element, ".b") for element in document.select("body > *")]
    assert [element and element.text for element in found] == ["4", "4", "4", None]
    assert len(page._siblings) == 1


def test_records_out_of_proportion_are_refused():
    html = f"<div class=a>{'<div>' * 400}{'x' * 200_000}"
    with pytest.raises(ValueError, match="records would be more than 64 times as long as the page"):
        css(field(), base="div", html=html)
    assert len(css(field(), base="div.a", html=html)[0]["f"]) == 200_000


@pytest.mark.parametrize("inner", ["<b>t</b> " * 5_000, "<div>" * 5_000])
def test_text_is_not_read_over_and_over(inner):
    html = f"<div class=a>{'<div>' * 400}{inner}"
    for strategy, base in ((JsonCssExtractionStrategy, "div"), (JsonXPathExtractionStrategy, "//div")):
        with pytest.raises(ValueError, match="the text of the page would be read too many times, because elements"):
            strategy({"baseSelector": base, "fields": [field()]}).extract(URL, html)
    assert len(css(field(), base="div.a", html=html)) == 1


def test_fields_that_find_nothing_take_steps_too():
    lists = {"name": "l", "type": "list", "selector": "div", "fields": [field("i")]}
    with pytest.raises(ValueError, match="read too many times"):
        css(lists, base="div", html=f"<div>{'<div>' * 400}{'<div></div>' * 5_000}")


def test_a_pattern_that_takes_too_long_is_stopped():
    spec = field("p", "regex", pattern=r"((a|aa)+)$")
    with pytest.raises(ValueError, match=r"field 'f' of 'the schema': the pattern takes more than 1\.0 s on this page"):
        css(spec, base="body", html=f"<p>{'a' * 60}!</p>")


# With the other stages


def test_a_page_read_by_a_strategy():
    strategy = JsonCssExtractionStrategy({"baseSelector": "nav.product", "fields": [field()]})
    result = process(SHOP, url=URL, config=CrawlerRunConfig(extraction_strategy=strategy))
    assert result.success
    assert json.loads(result.extracted_content) == [{"f": "not a product"}]


async def test_a_crawl_with_a_strategy():
    strategy = JsonXPathExtractionStrategy({"baseSelector": "//div", "fields": [field("h2")]})
    async with AsyncWebCrawler() as crawler:
        result = await crawler.arun("raw:" + SHOP, CrawlerRunConfig(extraction_strategy=strategy))
    assert result.success
    assert json.loads(result.extracted_content) == [{"f": "Blue Lamp"}, {"f": "Chair"}]
