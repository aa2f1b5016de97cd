"""Which parameters have an effect now, layer by layer.

A parameter that is missing here is known, but raises UnsupportedOption when it is set to anything but its default:
no option is silently ignored. Whoever makes one work adds it here.
"""

from __future__ import annotations

RUN_CONTENT = frozenset(
    {
        "base_url",
        "chunking_strategy",
        "css_selector",
        "exclude_all_images",
        "exclude_domains",
        "exclude_external_images",
        "exclude_external_links",
        "exclude_internal_links",
        "exclude_social_media_domains",
        "exclude_social_media_links",
        "excluded_selector",
        "excluded_tags",
        "extraction_strategy",
        "fetch_only",
        "image_description_min_word_threshold",
        "image_score_threshold",
        "keep_attrs",
        "keep_data_attributes",
        "markdown_generator",
        "only_text",
        "prefetch",
        "preserve_https_for_internal_links",
        "prettiify",
        "remove_forms",
        "score_links",
        "scraping_strategy",
        "table_extraction",
        "table_score_threshold",
        "target_elements",
        "word_count_threshold",
    }
)

RUN_FETCH = frozenset(
    {
        "cache_mode",
        "cache_validation_timeout",
        "check_cache_freshness",
        "check_robots_txt",
        "fallback_fetch_function",
        "fetch_ssl_certificate",
        "match_mode",
        "max_range",
        "max_retries",
        "mean_delay",
        "method",
        "page_timeout",
        "proxy_config",
        "proxy_rotation_strategy",
        "proxy_session_auto_release",
        "proxy_session_id",
        "proxy_session_ttl",
        "render",
        "semaphore_count",
        "session_id",
        "shared_data",
        "stream",
        "url",
        "url_matcher",
        "user_agent",
        "user_agent_generator_config",
        "user_agent_mode",
        "verbose",
    }
)

RUN_BROWSER = frozenset(
    {
        "capture_console_messages",
        "capture_mhtml",
        "capture_network_requests",
        "delay_before_return_html",
        "flatten_shadow_dom",
        "force_viewport_screenshot",
        "geolocation",
        "js_code",
        "js_code_before_wait",
        "js_only",
        "locale",
        "magic",
        "max_scroll_steps",
        "override_navigator",
        "pdf",
        "process_iframes",
        "process_in_browser",
        "remove_consent_popups",
        "remove_overlay_elements",
        "scan_full_page",
        "screenshot",
        "screenshot_height_threshold",
        "screenshot_wait_for",
        "scroll_delay",
        "simulate_user",
        "timezone_id",
        "virtual_scroll_config",
        "wait_for",
        "wait_for_images",
        "wait_for_timeout",
        "wait_until",
    }
)

BROWSER = frozenset(
    {
        "accept_downloads",
        "avoid_ads",
        "avoid_css",
        "browser_type",
        "cdp_url",
        "cookies",
        "device_scale_factor",
        "downloads_path",
        "enable_stealth",
        "extra_args",
        "headers",
        "headless",
        "ignore_https_errors",
        "init_scripts",
        "java_script_enabled",
        "light_mode",
        "max_pages_before_recycle",
        "memory_saving_mode",
        "proxy_config",
        "storage_state",
        "text_mode",
        "use_persistent_context",
        "user_agent",
        "user_agent_generator_config",
        "user_agent_mode",
        "user_data_dir",
        "verbose",
        "viewport",
        "viewport_height",
        "viewport_width",
    }
)

HTTP = frozenset({"data", "downloads_path", "follow_redirects", "headers", "json", "method", "verify_ssl"})
