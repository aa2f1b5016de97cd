"""After "Advanced Pattern Matching" and "Best Practices", advanced/multi-url-crawling; part 1 of demo_multi_config."""

from scrapy_crawl4 import CrawlerRunConfig, MatchMode

URLS = [
    "https://example.com/report.pdf",
    "https://example.com/data.json",
    "https://example.com/blog/post-1",
    "https://example.com/article/news",
    "https://api.example.com/v1/users",
    "https://example.com/about",
]
CONFIGS = {
    "glob": CrawlerRunConfig(url_matcher="*.pdf"),
    "globs": CrawlerRunConfig(url_matcher=["*/blog/*", "*/article/*", "*/news/*"], match_mode=MatchMode.OR),
    "function": CrawlerRunConfig(url_matcher=lambda url: "api" in url or url.endswith(".json")),
    "functions": CrawlerRunConfig(
        url_matcher=[
            lambda url: url.startswith("https://"),
            lambda url: "api" in url,
            lambda url: "/v" in url,
        ],
        match_mode=MatchMode.AND,
    ),
    "mixed or": CrawlerRunConfig(url_matcher=["*.json", lambda url: "api" in url], match_mode=MatchMode.OR),
    "mixed and": CrawlerRunConfig(
        url_matcher=[
            lambda url: url.startswith("https://"),
            "*.com/*",
            lambda url: any(part in url for part in ("/blog/", "/article/")),
            lambda url: not url.endswith(".pdf"),
        ],
        match_mode=MatchMode.AND,
    ),
    "internal": CrawlerRunConfig(
        url_matcher=["https://*", lambda url: "internal" in url, lambda url: not url.endswith(".pdf")],
        match_mode=MatchMode.AND,
    ),
    "all": CrawlerRunConfig(),
}

for name, config in CONFIGS.items():
    print(f"{name}:", *(number for number, url in enumerate(URLS) if config.is_match(url)))
print(CONFIGS["globs"].match_mode.value, CONFIGS["glob"].url_matcher)
