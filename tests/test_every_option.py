"""No option is without effect: each one has a test that shows what it does, or is refused.

`SHOWN` names these tests for every parameter of every public class and function, every setting and every option of
`scrapy crawl4`. What it does not name is shown or refused here.
"""

import argparse
import ast
import asyncio
import dataclasses
import enum
import inspect
import json
import logging
import re
import threading
from functools import cache
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse

import scrapy_crawl4
from scrapy_crawl4 import (
    AsyncHTTPCrawlerStrategy,
    AsyncPlaywrightCrawlerStrategy,
    AsyncWebCrawler,
    BM25ContentFilter,
    Crawl4Spider,
    CrawlerMonitor,
    CrawlerRunConfig,
    CrawlResult,
    DefaultTableExtraction,
    ExtractionStrategy,
    FixedLengthWordChunking,
    JsonCssExtractionStrategy,
    JsonXPathExtractionStrategy,
    LLMConfig,
    LLMContentFilter,
    LLMExtractionStrategy,
    LLMTableExtraction,
    MarkdownGenerationStrategy,
    NoExtractionStrategy,
    OverlappingWindowChunking,
    ProxyConfig,
    PruningContentFilter,
    RegexChunking,
    RegexExtractionStrategy,
    RelevantContentFilter,
    SemaphoreDispatcher,
    SlidingWindowChunking,
    TreeFilter,
    UnsupportedOption,
    crawl_many,
    process,
)
from scrapy_crawl4.commands.options import add_options
from scrapy_crawl4.config.base import Config
from scrapy_crawl4.config.settings import Crawl4Settings
from scrapy_crawl4.content import DefaultMarkdownGenerator
from scrapy_crawl4.dispatch.loading import make_dispatcher

from . import test_content_every_option as content
from .llm_server import Model

TESTS = Path(__file__).parent

RESULTS = {
    "CrawlResult",
    "DispatchResult",
    "FilterPage",
    "Load",
    "MarkdownGenerationResult",
    "ProxyTurn",
    "SSLCertificate",
}
"""What is handed to users, or to what they write: fields, not options."""

MADE_BY_OTHERS = {
    "CrawlResultPipeline",
    "CrawlRun",
    "DispatchDownloader",
    "DurableScheduler",
    "MemoryThrottleMiddleware",
    "RateLimitMiddleware",
    "RunConfigMiddleware",
    "SemaphoreSlot",
}
"""What Scrapy, a downloader or a crawler makes: their arguments are nobody's options."""

METHODS = {
    f"{kind.__name__}.{name}": getattr(kind, name)
    for kind, names in (
        (AsyncWebCrawler, "arun arun_many crawl"),
        (CrawlResult, "failed from_html from_item from_response"),
        (ProxyConfig, "from_env from_string"),
    )
    for name in names.split()
}

SHOWN: dict[str, dict[str, str]] = {
    "AsyncHTTPCrawlerStrategy": {
        "test_facade_many::test_http_strategy_is_another_way_to_give_the_http_config": "browser_config",
    },
    "AsyncPlaywrightCrawlerStrategy": {
        "test_browser_hooks::test_the_strategy_is_another_way_to_give_the_browser_config": "browser_config",
    },
    "AsyncWebCrawler": {
        "test_facade_many::test_http_config": "config",
        "test_facade_many::test_http_strategy_is_another_way_to_give_the_http_config": "crawler_strategy",
        "test_cache::test_base_directory_is_the_folder": "base_directory",
        "test_facade_watch::test_a_verbose_crawler_prints_where_a_config_says_nothing": "verbose",
        "test_custom_dispatchers::test_named_by_the_settings_of_a_crawler": "settings",
        "test_engines::test_a_batch_has_one_result_for_each_input_in_order": "engines",
    },
    "AsyncWebCrawler.arun": {"test_crawl4ai_defects::test_w6_a_user_agent_of_a_run_works_over_http": "url config"},
    "AsyncWebCrawler.crawl": {
        "test_facade_scrapy::test_spiders_by_name_and_what_is_no_spider": "spider",
        "test_facade_scrapy::test_a_dispatcher_of_the_run": "dispatcher",
    },
    "AsyncWebCrawler.arun_many": {
        "test_facade_many::test_urls_must_be_an_iterable": "urls",
        "test_facade_many::test_overrides_replace_config_fields_without_writing_to_it": "config",
        "test_facade_many::test_permits_are_kept": "dispatcher",
        "test_facade_many::test_await_with_stream_gives_an_iterator_in_completion_order": "stream",
        "test_facade_many::test_infinite_input_is_read_at_most_lookahead_ahead": "lookahead",
    },
    "BM25ContentFilter": {
        "test_filter_bm25::test_boosts_raise_headings_and_quotes": "user_query",
        "test_filter_bm25::test_a_higher_threshold_keeps_less": "bm25_threshold",
        "test_filter_bm25::test_stemming_finds_other_forms_and_can_be_turned_off": "language use_stemming",
    },
    "BaseDispatcher": {
        "test_dispatch_policies::test_a_dispatcher_of_ten_lines": "max_session_permit",
        "test_dispatch_controller::test_a_rate_limiter_of_a_custom_dispatcher_is_checked": "rate_limiter",
        "test_monitor_runs::test_a_run_is_shown_to_its_end": "monitor",
    },
    "Crawl4Spider": {
        "test_spiders::test_each_start_url_has_one_result": "urls",
        "test_spiders::test_links_within_the_site_are_followed_once": "follow",
        "test_spiders::test_content_follows_the_configuration": "config",
    },
    "VirtualScrollConfig": {
        "test_browser_actions::test_a_list_that_only_holds_what_is_visible_is_collected": (
            "container_selector scroll_count scroll_by wait_after_scroll"
        ),
    },
    "CrawlTask": {
        "test_facade_many::test_tasks_carry_headers_cookies_and_meta": "url headers cookies",
        "test_request_config::test_the_facade_takes_it_from_tasks_and_requests": "config meta",
        "test_facade_many::test_session_id_keeps_cookies_and_other_tasks_never_see_them": "session_id",
    },
    "CrawlerMonitor": {
        "test_monitor::test_m3_urls_total_is_the_total_of_runs_that_do_not_know_theirs": "urls_total",
        "test_monitor::test_without_ui_nothing_is_printed": "enable_ui",
        "test_monitor::test_a_terminal_shows_finished_tasks_in_detail": "max_visible_rows",
        "test_monitor::test_aggregated_mode_shows_only_figures": "display_mode",
        "test_monitor::test_plain_lines_elsewhere": "file",
    },
    "BrowserConfig": {
        "test_browser::test_what_the_browser_config_says_of_all_pages": (
            "viewport storage_state cookies user_agent text_mode light_mode extra_args browser_type"
        ),
        "test_browser_pool::test_a_page_serves_so_many_tasks_and_a_browser_so_many_pages": "max_pages_before_recycle",
        "test_browser::test_the_size_of_a_window": "viewport_width viewport_height",
        "test_browser_captures::test_addresses_of_files": "accept_downloads downloads_path",
        "test_browser::test_the_proxy_of_all_pages": "proxy_config",
        "test_browser::test_no_task_sees_what_another_one_is": "headers",
        "test_browser::test_certificates_are_checked_where_that_is_asked_for": "ignore_https_errors",
        "test_browser::test_verbose_tells_of_each_page": "verbose",
        "test_browser::test_a_window_needs_a_display": "headless",
        "test_browser::test_without_scripts_it_is_the_page_as_sent": "java_script_enabled",
        "test_browser_identity::test_what_a_browser_leaves_out_and_says": (
            "avoid_ads avoid_css device_scale_factor init_scripts user_agent_mode user_agent_generator_config "
            "memory_saving_mode"
        ),
        "test_browser_identity::test_stealth_says_nothing_of_a_program": "enable_stealth",
        "test_browser_ways::test_a_profile_is_there_for_the_next_crawler": "use_persistent_context user_data_dir",
        "test_browser_ways::test_a_browser_that_runs_already_is_left_as_it_was": "cdp_url",
    },
    "CrawlerRunConfig": {
        "test_browser::test_render_says_where_a_page_is_fetched": "render",
        "test_browser::test_what_is_waited_for": "wait_for",
        "test_browser::test_wait_until_says_how_far_a_page_is_loaded": "wait_until",
        "test_browser::test_delay_before_return_html_lets_a_page_settle": "delay_before_return_html",
        "test_browser::test_scripts_of_the_user": "js_code",
        "test_browser::test_what_loads_on_sight_is_there_after_scrolling": "scan_full_page",
        "test_browser::test_pictures_and_prints": "screenshot pdf",
        "test_browser_captures::test_a_very_tall_page_is_in_one_picture_row_by_row": "screenshot_height_threshold",
        "test_browser_captures::test_what_the_window_shows_and_when": "force_viewport_screenshot screenshot_wait_for",
        "test_browser_captures::test_an_archive_has_all_that_the_page_shows": "capture_mhtml",
        "test_browser_captures::test_requests_and_answers": "capture_network_requests",
        "test_browser_captures::test_messages_of_the_console": "capture_console_messages",
        "test_browser_actions::test_a_script_before_the_wait_brings_about_what_is_waited_for": "js_code_before_wait",
        "test_browser_actions::test_js_only_goes_on_with_the_page_of_a_session": "js_only",
        "test_browser_actions::test_wait_for_timeout_bounds_the_wait_alone": "wait_for_timeout",
        "test_browser_actions::test_pictures_are_waited_for_but_not_for_ever": "wait_for_images",
        "test_browser_actions::test_an_endless_page_ends": "scroll_delay max_scroll_steps",
        "test_browser_actions::test_a_list_that_only_holds_what_is_visible_is_collected": "virtual_scroll_config",
        "test_browser_actions::test_what_frames_hold_takes_their_place": "process_iframes",
        "test_browser_actions::test_shadow_roots_are_put_where_they_are_shown": "flatten_shadow_dom",
        "test_browser_actions::test_consent_dialogs_are_accepted_or_removed": "remove_consent_popups",
        "test_browser_actions::test_overlays_are_removed": "remove_overlay_elements",
        "test_browser_identity::test_eight_pages_at_a_time_are_eight_visitors": "locale timezone_id geolocation",
        "test_browser_identity::test_magic_is_a_visitor_with_a_hand_and_a_browser_like_others": (
            "magic simulate_user override_navigator"
        ),
        "test_browser::test_raw_pages_and_files_are_shown_only_where_that_is_asked_for": "process_in_browser",
        "test_crawl4ai_defects::test_w3_proxies_of_concurrent_tasks_stay_apart": "proxy_config",
        "test_http_proxies::test_another_try_takes_another_proxy": "proxy_rotation_strategy",
        "test_http_proxies::test_a_session_sticks_to_its_proxy": "proxy_session_id proxy_session_ttl",
        "test_http_proxies::test_a_session_is_released_at_the_end_of_a_run": "proxy_session_auto_release",
        "test_facade_tls::test_certificate_is_that_of_the_site_behind_a_proxy": "fetch_ssl_certificate",
        "test_cache::test_each_mode_reads_and_writes_what_it_says": "cache_mode",
        "test_cache::test_a_page_stays_when_its_host_takes_too_long": "check_cache_freshness cache_validation_timeout",
        "test_http_surface::test_a_function_gets_what_could_not_be_fetched": "fallback_fetch_function",
        "test_facade_turns::test_cookies_of_a_session_are_kept_over_runs_and_apart_from_others": "session_id",
        "test_config_run::test_shared_data_is_the_users_own_object": "shared_data",
        "test_llm_waiting::test_page_timeout_ends_the_wait": "page_timeout",
        "test_facade_many::test_default_dispatcher_follows_the_config": "mean_delay max_range semaphore_count",
        "test_facade_watch::test_verbose_prints_a_line_for_each_page": "verbose",
        "test_http_surface::test_method": "method",
        "test_facade_many::test_config_stream_makes_await_return_the_run": "stream",
        "test_crawl_delay::test_the_rules_for_our_name_count": "check_robots_txt",
        "test_crawl4ai_defects::test_w6_a_user_agent_of_a_run_works_over_http": "user_agent",
        "test_http_surface::test_random_user_agents": "user_agent_mode user_agent_generator_config",
        "test_facade_many::test_first_matching_config_wins": "url_matcher",
        "test_config_run::test_lists_match_by_their_mode": "match_mode",
        "test_request_config::test_time_and_retries_are_those_of_the_request": "max_retries",
    },
    "DefaultMarkdownGenerator": {
        "test_content_markdown::test_fit_html_as_source": "content_source",
        "test_content_markdown::test_q6_a_filter_that_fails_is_an_error_and_no_content": "content_filter",
        "test_markdown_special::test_more_options_of_html2text": "options",
        "test_markdown_special::test_a_converter_of_ones_own": "converter",
    },
    "DefaultTableExtraction": {
        "test_content_tables::test_q3_the_threshold_of_the_strategy_is_its_own": "table_score_threshold",
        "test_content_tables::test_small_tables_can_be_left_out": "min_rows min_cols",
    },
    "ExtractionStrategy": {
        "test_content_pipeline::test_an_input_that_is_not_there_is_an_error": "input_format",
    },
    "GeolocationConfig": {
        "test_browser_identity::test_eight_pages_at_a_time_are_eight_visitors": "latitude longitude accuracy",
    },
    "HTTPCrawlerConfig": {
        "test_http_surface::test_method": "method",
        "test_facade_many::test_http_config": "headers json follow_redirects",
        "test_http_surface::test_a_dict_is_sent_as_a_form": "data",
        "test_facade_tls::test_verify_ssl": "verify_ssl",
        "test_facade_kinds::test_what_is_no_page_is_kept_when_asked": "downloads_path",
    },
    **{
        name: {"test_extraction_json::test_parameters": "schema input_format"}
        for name in (
            "JsonCssExtractionStrategy",
            "JsonElementExtractionStrategy",
            "JsonXPathExtractionStrategy",
        )
    },
    "JsonLxmlExtractionStrategy": {
        "test_extraction_json::test_parameters": "schema input_format",
        "test_extraction_json::test_hints_of_the_lxml_strategy_cannot_be_switched_off": (
            "use_caching optimize_common_patterns"
        ),
    },
    "LLMConfig": {
        "test_llm_config::test_provider_and_endpoint": "provider base_url",
        "test_llm_config::test_the_token_is_never_shown": "api_token",
        "test_llm_extraction::test_all_of_the_configuration_is_sent": (
            "temperature max_tokens top_p frequency_penalty presence_penalty stop n"
        ),
        "test_llm_extraction::test_retry_after_is_waited_for": (
            "backoff_base_delay backoff_max_attempts backoff_exponential_factor"
        ),
    },
    "LLMContentFilter": {
        "test_llm_filter::test_the_markdown_is_what_the_model_wrote": "instruction",
        "test_llm_filter::test_pieces_come_in_their_order": "chunk_token_threshold overlap_rate",
        "test_llm_filter::test_a_logger_of_ones_own": "verbose logger",
    },
    "LLMExtractionStrategy": {
        "test_llm_extraction::test_records_by_schema": "instruction schema",
        "test_llm_extraction::test_blocks": "extraction_type",
        "test_llm_extraction::test_without_chunks_the_page_is_one_request": "chunk_token_threshold apply_chunking",
        "test_llm_extraction::test_pieces_are_asked_for_together_and_come_back_in_order": "overlap_rate",
        "test_llm_filter::test_the_filters_markdown_can_be_extracted_from": "input_format",
        "test_llm_extraction::test_all_of_the_configuration_is_sent": "force_json_response extra_args",
        "test_llm_extraction::test_verbose_tells_more": "verbose",
    },
    "LLMTableExtraction": {
        "test_llm_tables::test_which_tables_are_asked_for": "css_selector",
        "test_llm_tables::test_if_no_table_can_be_read_the_stage_fails": "max_tries",
        "test_llm_tables::test_chunks_can_be_switched_off": "enable_chunking chunk_token_threshold",
        "test_llm_tables::test_long_tables_are_asked_for_in_parts_together": "max_parallel_chunks",
        "test_llm_tables::test_an_endpoint_without_json_mode": "extra_args",
    },
    "MainContentFilter": {
        "test_filter_main::test_a_greater_beta_keeps_no_less": "beta",
        "test_filter_main::test_min_word_threshold_drops_short_blocks_but_no_headings": "min_word_threshold",
    },
    "MarkdownGenerationStrategy": {"test_content_markdown::test_a_generator_of_ones_own": "content_source"},
    "MemoryAdaptiveDispatcher": {
        "test_facade_memory::test_memory_between_threshold_and_critical_goes_on_one_at_a_time": (
            "memory_threshold_percent critical_threshold_percent"
        ),
        "test_dispatch_policies::test_thresholds_follow_the_given_one": "recovery_threshold_percent",
        "test_dispatch_driver::test_invariant_7_check_interval_sets_the_pace_of_samples": "check_interval",
        "test_crawl4ai_defects::test_d16_every_dispatcher_streams": "max_session_permit",
        "test_dispatch_controller::test_fairness_timeout_does_not_shorten_a_delay": "fairness_timeout",
        "test_dispatch_driver::test_d8_memory_wait_timeout_ends_only_what_waits": "memory_wait_timeout",
        "test_dispatch_driver::test_waiting_for_a_host_is_no_wait_for_memory": "rate_limiter",
        "test_monitor_runs::test_a_run_is_shown_to_its_end": "monitor",
    },
    "PDFContentScrapingStrategy": {
        "test_content_options::test_the_name_for_pdf_is_the_same_engine_and_refuses_options": (
            "save_images_locally extract_images image_save_dir batch_size logger"
        ),
    },
    "ProxyConfig": {
        "test_crawl4ai_defects::test_w3_proxies_of_concurrent_tasks_stay_apart": "server username password",
        "test_config_browser::test_proxy_strings": "ip",
    },
    "ProxyConfig.from_string": {"test_config_browser::test_proxy_strings": "proxy"},
    "PruningContentFilter": {
        "test_filter_pruning::test_min_word_threshold_counts_words_not_glued_text": "min_word_threshold",
        "test_filter_pruning::test_a_dynamic_threshold_spares_paragraphs_and_presses_links": "threshold_type",
        "test_filter_pruning::test_a_higher_threshold_keeps_a_part_of_what_a_lower_one_keeps": "threshold",
        "test_filter_pruning::test_what_is_preserved_stays_whole_with_what_holds_it": "preserve_classes preserve_tags",
    },
    "RateLimiter": {
        "test_dispatch_rate_limiter::test_delays_are_drawn_from_the_pair": "base_delay",
        "test_retry_after::test_max_delay_caps_a_date": "max_delay",
        "test_facade_many::test_rate_limited_for_ever_ends_after_max_retries": "max_retries",
        "test_dispatch_rate_limiter::test_codes_that_mean_too_many_requests": "rate_limit_codes",
    },
    "RegexExtractionStrategy": {
        "test_extraction_regex::test_patterns_of_ones_own": "custom",
        "test_docs_content::test_patterns_are_those_of_the_code_and_find_what_is_told": "pattern",
        "test_extraction_regex::test_spans_in_markdown_are_places_in_all_of_it": "input_format",
    },
    "RoundRobinProxyStrategy": {"test_http_proxies::test_another_try_takes_another_proxy": "proxies"},
    "SemaphoreDispatcher": {
        "test_facade_many::test_permits_are_kept": "semaphore_count",
        "test_dispatch_policies::test_d17_max_session_permit_caps_the_semaphore": "max_session_permit",
        "test_dispatch_rate_limiter::test_d12_ten_tasks_start_one_delay_apart": "rate_limiter",
        "test_facade_watch::test_a_monitor_serves_several_runs": "monitor",
    },
    "process": {
        "test_content_kinds::test_xhtml_is_read_as_xml_has_it": "html",
        "test_content_kinds::test_json_stays_as_it_is": "content_type",
    },
    "settings": {
        "test_addon::test_switched_off_it_changes_nothing": "CRAWL4_ENABLED",
        "test_facade_memory::test_critical_memory_takes_sessions_back_and_fetches_them_again": "CRAWL4_MEMORY_LIMIT_MB",
        "test_crawl_delay::test_the_longest_of_all_delays_counts": "CRAWL4_OBEY_CRAWL_DELAY",
        "test_command::test_a_long_list_is_read_as_it_is_needed": "CRAWL4_LOOKAHEAD",
        "test_command_html::test_the_converter_of_the_settings_writes_the_markdown": "CRAWL4_MARKDOWN_CONVERTER",
        "test_content_workers::test_workers_make_the_same_results": "CRAWL4_CONTENT_WORKERS",
        "test_llm_waiting::test_pages_over_the_limit_wait_for_others": "CRAWL4_LLM_CONCURRENCY",
        "test_engines::test_engines_can_be_left_to_the_machine_or_a_setting": "CRAWL4_ENGINES",
        "test_pipelines::test_items_of_every_type_become_results_on_demand": "CRAWL4_MAP_ITEMS",
        "test_browser_projects::test_a_project_all_of_whose_pages_the_browser_shows": "CRAWL4_RENDER CRAWL4_BROWSER",
        "test_cache_storage::test_what_was_not_used_for_longest_goes": "CRAWL4_CACHE_MAX_MB",
    },
    "scrapy crawl4": {
        "test_command::test_json_and_markdown_together": "-o --markdown",
        "test_command::test_a_file_of_json_lines_is_added_to_or_replaced": "-O",
        "test_command::test_input_that_breaks_off_loses_no_finished_page": "--input",
        "test_command::test_stream_writes_results_as_pages_finish": "--stream",
        "test_command::test_concurrency": "--concurrency",
        "test_engines_programs::test_the_command": "--engines",
        "test_command_html::test_downloads": "--downloads",
        "test_browser_projects::test_the_command": "--render",
        "test_job_killed::test_the_command_goes_on_after_kill_and_ctrl_c_and_its_file_has_each_url_once": "--job",
        "test_cache::test_the_command_takes_pages_from_the_cache": "--cache --cache-mode",
        "test_command_html::test_standard_input": "--html --url",
    },
}
"""Class or function, test, parameters."""

HERE: dict[str, str] = {
    "AsyncHTTPCrawlerStrategy": "logger max_connections dns_cache_ttl chunk_size",
    "AsyncPlaywrightCrawlerStrategy": "logger",
    "AsyncWebCrawler": "logger thread_safe",
    "AsyncWebCrawler.arun_many": "job",
    "CrawlResult.failed": "url error_message status_code index metadata",
    "CrawlResult.from_html": "html url config content_type",
    "CrawlResult.from_item": "item",
    "CrawlResult.from_response": "response config",
    "CrawlerMonitor": "refresh_rate max_width",
    "CrawlerRunConfig": "url " + " ".join(content.EFFECTS | content.ONE_OF_A_KIND),
    "ExtractionStrategy": "verbose",
    "FixedLengthWordChunking": "chunk_size",
    "JsonCssExtractionStrategy": "verbose",
    "JsonElementExtractionStrategy": "verbose",
    "JsonLxmlExtractionStrategy": "verbose",
    "JsonXPathExtractionStrategy": "verbose",
    "LLMContentFilter": "llm_config word_token_rate ignore_cache extra_args",
    "LLMExtractionStrategy": "llm_config word_token_rate",
    "LLMTableExtraction": "llm_config min_rows_per_chunk verbose",
    "MarkdownGenerationStrategy": "content_filter options verbose",
    "NoExtractionStrategy": "input_format verbose",
    "OverlappingWindowChunking": "window_size overlap",
    "ProxyConfig.from_env": "env_var",
    "PruningContentFilter": "user_query",
    "RegexChunking": "patterns",
    "RegexExtractionStrategy": "verbose",
    "RelevantContentFilter": "user_query verbose logger",
    "SlidingWindowChunking": "window_size step",
    "TreeFilter": "user_query verbose logger",
    "crawl_many": "urls config dispatcher stream settings job",
    "process": "url config",
    "settings": (
        "CRAWL4_DISPATCHER CRAWL4_MAX_SESSION_PERMIT CRAWL4_MEMORY_THRESHOLD_PERCENT CRAWL4_CRITICAL_THRESHOLD_PERCENT "
        "CRAWL4_RECOVERY_THRESHOLD_PERCENT CRAWL4_CHECK_INTERVAL_SECS CRAWL4_MEMORY_WAIT_TIMEOUT_SECS "
        "CRAWL4_FAIRNESS_TIMEOUT_SECS CRAWL4_BASE_DELAY CRAWL4_MAX_DELAY_SECS CRAWL4_MAX_RETRIES "
        "CRAWL4_RATE_LIMIT_CODES"
    ),
}
"""What the tests below show."""


# The walk


def owners():
    """Every public class and function that takes options, by name."""
    found = {name: getattr(scrapy_crawl4, name) for name in scrapy_crawl4.__all__}
    return {
        name: value
        for name, value in (found | METHODS).items()
        if name not in RESULTS | MADE_BY_OTHERS
        and value.__name__ == name.rpartition(".")[2]  # not another name of a class that is looked at anyway
        and not (isinstance(value, type) and issubclass(value, (BaseException, enum.Enum)))
    }


def parameters(owner):
    """Its parameters that are not refused as such."""
    if isinstance(owner, type) and issubclass(owner, Config):
        return [name for name, known in owner._options.items() if not known.missing]
    if owner is Crawl4Spider:  # its attributes, by -a on the command line
        return [name for name in inspect.get_annotations(owner) if name != "name"]
    named = [p for p in inspect.signature(owner).parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [parameter.name for parameter in named if parameter.name != "self"]


def setting_names():
    return [field.metadata["name"] or f"CRAWL4_{field.name.upper()}" for field in dataclasses.fields(Crawl4Settings)]


def option_names():
    parser = argparse.ArgumentParser(add_help=False)
    add_options(parser)
    return [action.option_strings[0] for action in parser._actions]


def everything():
    walked = {name: parameters(owner) for name, owner in owners().items()}
    return walked | {"settings": setting_names(), "scrapy crawl4": option_names()}


@pytest.mark.parametrize("owner", everything())
def test_every_option_is_shown_or_refused(owner):
    told = [name for names in SHOWN.get(owner, {}).values() for name in names.split()] + HERE.get(owner, "").split()
    assert sorted(told) == sorted(everything()[owner])


def test_nothing_is_told_that_is_not_there():
    assert {*SHOWN, *HERE} <= everything().keys()


@cache
def definitions(file):
    """The text of each definition at the top of a test file, decorators included."""
    text = (TESTS / f"{file}.py").read_text("utf-8")
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        names = [getattr(node, "name", "")]
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign):
            names = [node.target.id]
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
        found.update(dict.fromkeys(filter(None, names), "\n".join(lines[first - 1 : node.end_lineno])))
    return found


def text_of(file, test):
    """The text of a test and of what it uses of its file."""
    texts, wanted = {}, [test]
    while wanted:
        name = wanted.pop()
        if name not in texts:
            texts[name] = definitions(file)[name]
            wanted += [word for word in set(re.findall(r"\w+", texts[name])) if word in definitions(file)]
    return "\n".join(texts.values())


@pytest.mark.parametrize(
    ("owner", "test", "names"), [(owner, test, names) for owner in SHOWN for test, names in SHOWN[owner].items()]
)
def test_the_test_that_shows_it_is_there_and_speaks_of_it(owner, test, names):
    file, _, function = test.partition("::")
    assert function.startswith("test_")
    assert function in definitions(file)
    text = text_of(file, function)
    for name in names.split():
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name


@pytest.mark.parametrize("owner", [name for name, owner in owners().items() if issubclass(type(owner), type)])
def test_what_a_configuration_cannot_do_is_refused(owner):
    kind = owners()[owner]
    for name, known in getattr(kind, "_options", {}).items():
        if known.missing:
            with pytest.raises(UnsupportedOption, match=name):
                kind(**{name: object()})


def test_unknown_options_are_errors():
    for name, owner in owners().items():
        parameter = list(inspect.signature(owner).parameters.values())[-1:]
        if isinstance(owner, type) and (not parameter or parameter[0].kind is not parameter[0].VAR_POSITIONAL):
            if name in {"Crawl4Spider", "Addon"} or inspect.isabstract(owner):
                continue
            with pytest.raises(TypeError):
                owner(no_such_option=1)
    for refused in (process, crawl_many, AsyncWebCrawler().arun_many):
        with pytest.raises(TypeError, match="no_such_option"):
            refused(["raw:x"] if refused is not process else "x", no_such_option=1)


# What is shown here


def test_what_the_crawler_refuses():
    for name in ("crawler_strategy", "logger"):
        with pytest.raises(UnsupportedOption, match=name):
            AsyncWebCrawler(**{name: object()})
    for name in ("logger", "max_connections", "dns_cache_ttl", "chunk_size"):
        with pytest.raises(UnsupportedOption, match=name):
            AsyncHTTPCrawlerStrategy(**{name: object()})
    with pytest.raises(UnsupportedOption, match="logger"):
        AsyncPlaywrightCrawlerStrategy(logger=object())


async def test_a_crawler_is_thread_safe_whatever_is_said():
    for thread_safe in (False, True):
        done = []
        async with AsyncWebCrawler(thread_safe=thread_safe) as crawler:
            assert crawler.thread_safe is thread_safe

            def run(crawler=crawler, done=done):
                done.append(asyncio.run(crawler.arun("raw:<p>a")).success)

            threads = [threading.Thread(target=run) for _ in range(3)]
            for thread in threads:
                thread.start()
            assert (await crawler.arun("raw:<p>b")).success
            for thread in threads:
                await asyncio.to_thread(thread.join)
        assert done == [True] * 3


def test_options_of_a_monitor():
    assert CrawlerMonitor(refresh_rate=0.5).refresh_rate == 0.5
    for name, value in (("refresh_rate", 0), ("max_width", 19)):
        with pytest.raises(ValueError, match=name):
            CrawlerMonitor(**{name: value})


async def test_the_url_of_a_configuration_is_its_makers():
    config = CrawlerRunConfig(url="https://example.org/mine")
    async with AsyncWebCrawler() as crawler:
        result = await crawler.arun("raw:<p>a", config)
    assert (config.url, result.url) == ("https://example.org/mine", "raw:<p>a")


def test_every_option_of_content_has_its_own_test():
    options = {name for name, known in CrawlerRunConfig._options.items() if not known.missing}
    assert content.EFFECTS.keys() | content.ONE_OF_A_KIND.keys() <= options


@pytest.mark.parametrize(
    "strategy",
    [
        JsonCssExtractionStrategy({"baseSelector": "p", "fields": [{"name": "a", "selector": "b", "type": "text"}]}),
        JsonXPathExtractionStrategy(
            {"baseSelector": "//p", "fields": [{"name": "a", "selector": "b", "type": "text"}]}
        ),
        RegexExtractionStrategy(custom={"a": "x"}),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
def test_verbose_strategies_tell_how_many_records_there_are(strategy, caplog):
    caplog.set_level(logging.INFO, "scrapy_crawl4")
    for verbose in (False, True):
        strategy.verbose = verbose
        result = process(
            "<p><b>x</b><p><b>x</b>", "https://example.org/", CrawlerRunConfig(extraction_strategy=strategy)
        )
        assert len(json.loads(result.extracted_content)) == 2
    said = [record.getMessage() for record in caplog.records if record.name.startswith("scrapy_crawl4")]
    assert said == [f"{type(strategy).__name__}: 2 records of https://example.org/"]


def test_nothing_is_extracted_whatever_is_said():
    for strategy in (NoExtractionStrategy(), NoExtractionStrategy(input_format="html", verbose=True)):
        assert process("<p>a", config=CrawlerRunConfig(extraction_strategy=strategy)).extracted_content is None


def test_base_classes_keep_what_classes_of_ones_own_may_read():
    class Extraction(ExtractionStrategy):
        def extract(self, url, html, *q, **kwargs):
            return []

    class Generator(MarkdownGenerationStrategy):
        def generate_markdown(self, *args, **kwargs):
            raise AssertionError

    class Filter(RelevantContentFilter):
        def filter_content(self, html):
            return []

    class OfTrees(TreeFilter):
        def unwanted(self, page):
            return []

    kept = Filter("query")
    logger = logging.getLogger("own")
    assert Extraction(verbose=True).verbose
    generator = Generator(content_filter=kept, options={"a": 1}, verbose=True)
    assert (generator.content_filter, generator.options, generator.verbose) == (kept, {"a": 1}, True)
    for made in (Filter("query", verbose=True, logger=logger), OfTrees("query", verbose=True, logger=logger)):
        assert (made.user_query, made.verbose, made.logger) == ("query", True, logger)


def test_sizes_of_chunks():
    text = "a b c d e f"
    assert FixedLengthWordChunking(chunk_size=3).chunk(text) == ["a b c", "d e f"]
    assert SlidingWindowChunking(window_size=4, step=2).chunk(text) == ["a b c d", "c d e f"]
    assert OverlappingWindowChunking(window_size=4, overlap=2).chunk(text) == ["a b c d", "c d e f"]
    assert OverlappingWindowChunking(window_size=4, overlap=1).chunk(text) == ["a b c d", "d e f"]
    assert RegexChunking(patterns=[" c "]).chunk(text) == ["a b", "d e f"]
    assert len(FixedLengthWordChunking().chunk(text)) == len(RegexChunking().chunk(text)) == 1


def test_a_question_for_the_pruning_filter_is_refused():
    with pytest.raises(UnsupportedOption, match="user_query"):
        PruningContentFilter(user_query="x")
    assert BM25ContentFilter(user_query="x").user_query == "x"


def test_tables_are_verbose_to_nobody():
    for name in ("verbose", "logger"):
        with pytest.raises(UnsupportedOption, match=name):
            DefaultTableExtraction(**{name: True})


def model_config(model, name="m"):
    return LLMConfig(f"openai/{name}", "token", model.url, backoff_base_delay=0)


WORDS = "<p>" + " ".join(f"word{number}" for number in range(40)) + "</p>"
TABLE = "<table><tr><th>n<th>m" + "".join(f"<tr><td>n{n}<td>m{n}" for n in range(30)) + "</table>"


def asked_of(options, html, script="[]"):
    with Model(script) as model:
        process(html, config=CrawlerRunConfig(**options(model)))
    return model.asked


def test_the_model_of_the_configuration_is_asked():
    def extraction(model):
        return {"extraction_strategy": LLMExtractionStrategy(llm_config=model_config(model, "one"))}

    def filtered(model):
        kept = LLMContentFilter(llm_config=model_config(model, "two"), extra_args={"seed": 7})
        return {"markdown_generator": DefaultMarkdownGenerator(content_filter=kept)}

    def tables(model):
        return {"table_extraction": LLMTableExtraction(llm_config=model_config(model, "three"))}

    assert {asked.body["model"] for asked in asked_of(extraction, WORDS)} == {"one"}
    asked = asked_of(filtered, WORDS, "text")
    assert {(one.body["model"], one.body["seed"]) for one in asked} == {("two", 7)}
    assert {asked.body["model"] for asked in asked_of(tables, TABLE)} == {"three"}


def test_tokens_in_a_word_make_more_pieces():
    def extraction(rate):
        return lambda model: {
            "extraction_strategy": LLMExtractionStrategy(
                model_config(model), chunk_token_threshold=60, overlap_rate=0, word_token_rate=rate
            )
        }

    def filtered(rate):
        return lambda model: {
            "markdown_generator": DefaultMarkdownGenerator(
                content_filter=LLMContentFilter(
                    model_config(model), chunk_token_threshold=60, overlap_rate=0, word_token_rate=rate
                )
            )
        }

    for options, script in ((extraction, "[]"), (filtered, "text")):
        assert len(asked_of(options(1.0), WORDS, script)) < len(asked_of(options(6.0), WORDS, script))


def test_rows_in_a_part_of_a_table():
    def tables(rows):
        return lambda model: {
            "table_extraction": LLMTableExtraction(
                model_config(model), chunk_token_threshold=40, min_rows_per_chunk=rows, max_tries=1
            )
        }

    assert len(asked_of(tables(15), TABLE)) == 2
    assert len(asked_of(tables(30), TABLE)) == 1


def test_a_verbose_reader_of_tables_tells_more(caplog):
    caplog.set_level(logging.INFO, "scrapy_crawl4")
    said = []
    for verbose in (False, True):
        caplog.clear()
        asked_of(
            lambda model, verbose=verbose: {
                "table_extraction": LLMTableExtraction(model_config(model), max_tries=1, verbose=verbose)
            },
            TABLE,
        )
        said.append([record.getMessage() for record in caplog.records if "Table 1" in record.getMessage()])
    assert said[0] == []
    assert said[1]


def test_answers_are_kept_by_nobody():
    with Model("text") as model, pytest.raises(UnsupportedOption, match="ignore_cache"):
        LLMContentFilter(model_config(model), ignore_cache=False)


def test_what_results_are_made_of(monkeypatch):
    text = CrawlerRunConfig(only_text=True)
    made = CrawlResult.from_html(b"a<b>b</b> <a href=x>c</a>", url="https://example.org/", config=text, index=3)
    assert (made.index, str(made.markdown)) == (3, "ab [c](https://example.org/x)")
    assert CrawlResult.from_html(b"a<b>b", url="u:", content_type="text/plain").markdown == "a<b>b"
    response = HtmlResponse("https://example.org/", body=b"a<b>b</b>", encoding="utf-8")
    assert str(CrawlResult.from_response(response).markdown) == "a**b**"
    assert str(CrawlResult.from_response(response, text).markdown) == "ab"
    assert json.loads(CrawlResult.from_item({"title": "x"}).extracted_content) == [{"title": "x"}]
    failed = CrawlResult.failed("u:", "Not so.", status_code=403, index=1, metadata={"a": 1})
    told = (failed.url, failed.error_message, failed.status_code, failed.index, failed.metadata, failed.success)
    assert told == ("u:", "Not so.", 403, 1, {"a": 1}, False)
    monkeypatch.setenv("OTHERS", "h:1")
    assert [proxy.url for proxy in ProxyConfig.from_env("OTHERS")] == ["http://h:1"]


def test_what_process_takes():
    html = "<a href=x>a<b>b</b></a>"
    assert process(html).markdown == "[a**b**](x)"
    assert process(html, url="https://example.org/").markdown == "[a**b**](https://example.org/x)"
    assert process(html, config=CrawlerRunConfig(only_text=True)).markdown == "[ab](x)"


def test_what_crawl_many_takes():
    config = CrawlerRunConfig(only_text=True)
    urls = ["raw:<p>a<b>b</b>", "raw:<p>c"]
    results = crawl_many(urls, config=config, dispatcher=SemaphoreDispatcher(1), settings={"CRAWL4_LOOKAHEAD": 1})
    assert [str(result.markdown) for result in results] == ["ab", "c"]
    assert sorted(str(result.markdown) for result in crawl_many(urls, stream=True)) == ["a**b**", "c"]
    with pytest.raises(ValueError, match="CRAWL4_LOOKAHEAD"):
        crawl_many(urls, settings={"CRAWL4_LOOKAHEAD": 0})


async def test_a_job_is_what_goes_on(site, tmp_path):
    urls = site.urls(2)
    for _ in range(2):
        async with AsyncWebCrawler() as crawler:
            results = await crawler.arun_many(urls, job=tmp_path / "job")
        assert [result.url for result in results] == urls
    assert sorted(site.paths()) == ["/page/0", "/page/1"]


def test_a_job_of_crawl_many(site, tmp_path):
    for _ in range(2):
        assert [result.success for result in crawl_many(site.urls(2), job=tmp_path)] == [True, True]
    assert sorted(site.paths()) == ["/page/0", "/page/1"]


@pytest.mark.parametrize(
    ("settings", "attribute", "value"),
    [
        ({"CRAWL4_DISPATCHER": SemaphoreDispatcher}, "semaphore_count", 16),
        ({"CRAWL4_MAX_SESSION_PERMIT": 3}, "max_session_permit", 3),
        ({"CRAWL4_MEMORY_THRESHOLD_PERCENT": 70}, "memory_threshold_percent", 70),
        ({"CRAWL4_CRITICAL_THRESHOLD_PERCENT": 97}, "critical_threshold_percent", 97),
        ({"CRAWL4_RECOVERY_THRESHOLD_PERCENT": 50}, "recovery_threshold_percent", 50),
        ({"CRAWL4_CHECK_INTERVAL_SECS": 0.5}, "check_interval", 0.5),
        ({"CRAWL4_MEMORY_WAIT_TIMEOUT_SECS": 5}, "memory_wait_timeout", 5),
        ({"CRAWL4_FAIRNESS_TIMEOUT_SECS": 6}, "fairness_timeout", 6),
        ({"CRAWL4_BASE_DELAY": 2}, "rate_limiter.base_delay", (2, 2)),
        ({"CRAWL4_MAX_DELAY_SECS": 7}, "rate_limiter.max_delay", 7),
        ({"CRAWL4_MAX_RETRIES": 8}, "rate_limiter.max_retries", 8),
        ({"CRAWL4_RATE_LIMIT_CODES": [418]}, "rate_limiter.rate_limit_codes", frozenset({418})),
    ],
    ids=str,
)
def test_settings_of_dispatch_are_parameters_of_the_dispatcher(settings, attribute, value):
    def read(found):
        for name in attribute.split("."):
            found = getattr(found, name, None)
        return found

    assert read(make_dispatcher(settings)) == value
    assert read(make_dispatcher({})) != value
