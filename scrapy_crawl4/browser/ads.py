"""Hosts of advertisements and of what follows visitors about, from which ``avoid_ads`` fetches nothing.

A short list by hand of the networks that most pages embed; each stands for its subdomains too. It is no filter list:
what a site serves itself stays.
"""

from __future__ import annotations

ADS = frozenset(
    {
        "2mdn.net",
        "adform.net",
        "adnxs.com",
        "adroll.com",
        "ads-twitter.com",
        "adsafeprotected.com",
        "adsrvr.org",
        "amazon-adsystem.com",
        "bat.bing.com",
        "bidswitch.net",
        "casalemedia.com",
        "chartbeat.com",
        "chartbeat.net",
        "clarity.ms",
        "connect.facebook.net",
        "criteo.com",
        "criteo.net",
        "doubleclick.net",
        "doubleverify.com",
        "googleadservices.com",
        "google-analytics.com",
        "googlesyndication.com",
        "googletagmanager.com",
        "googletagservices.com",
        "hotjar.com",
        "hotjar.io",
        "matomo.cloud",
        "media.net",
        "mixpanel.com",
        "moatads.com",
        "nr-data.net",
        "openx.net",
        "outbrain.com",
        "pubmatic.com",
        "quantserve.com",
        "rubiconproject.com",
        "scorecardresearch.com",
        "segment.io",
        "smartadserver.com",
        "taboola.com",
        "teads.tv",
        "yieldmo.com",
    }
)
"""Without ``www.`` and the like."""


def is_ad(host: str) -> bool:
    """Return whether *host*, in lower case, is one of them or below one."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in ADS for start in range(len(labels) - 1))
