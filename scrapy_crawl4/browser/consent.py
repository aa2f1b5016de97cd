"""Dialogs that ask for consent, as the providers of such dialogs make them."""

from __future__ import annotations

PROVIDERS = {
    "OneTrust": ("#onetrust-consent-sdk", "#onetrust-accept-btn-handler"),
    "Cookiebot": (
        "#CybotCookiebotDialog, #CybotCookiebotDialogBodyUnderlay",
        "#CybotCookiebotDialogBodyLevelButtonLevelOptinAllowAll, #CybotCookiebotDialogBodyButtonAccept",
    ),
    "Didomi": ("#didomi-host", "#didomi-notice-agree-button"),
    "Quantcast": (".qc-cmp2-container", ".qc-cmp2-summary-buttons button[mode=primary]"),
    "TrustArc": (
        "#truste-consent-track, .truste_overlay, .truste_box_overlay, #trustarc-banner-overlay",
        "#truste-consent-button",
    ),
    "Usercentrics": ("#usercentrics-root, #usercentrics-cmp-ui", "[data-testid=uc-accept-all-button], #accept"),
    "Sourcepoint": ("[id^=sp_message_container], iframe[id^=sp_message_iframe]", ".sp_choice_type_11"),
    "Funding Choices": (".fc-consent-root", ".fc-cta-consent"),
    "consentmanager": ("#cmpwrapper, #cmpbox, #cmpbox2", ".cmpboxbtnyes, #cmpwelcomebtnyes"),
    "Osano": (".osano-cm-window, .osano-cm-dialog", ".osano-cm-accept-all, .osano-cm-accept"),
    "Cookie Consent of Osano": (".cc-window.cc-banner, .cc-window.cc-floating", ".cc-btn.cc-allow, .cc-btn.cc-dismiss"),
    "iubenda": ("#iubenda-cs-banner", ".iubenda-cs-accept-btn"),
    "Complianz": ("#cmplz-cookiebanner-container, .cmplz-cookiebanner", ".cmplz-btn.cmplz-accept"),
    "CookieYes": (".cky-consent-container, .cky-overlay, .cky-modal", ".cky-btn-accept"),
    "Klaro": ("#klaro .cookie-notice, #klaro .cookie-modal", ".klaro .cm-btn-accept-all, .klaro .cm-btn-success"),
    "Termly": ("#termly-code-snippet-support", "[data-tid=banner-accept]"),
    "CookieFirst": ("#cookiefirst-root, .cookiefirst-root", "[data-cookiefirst-action=accept]"),
    "CookieScript": ("#cookiescript_injected, #cookiescript_injected_wrapper", "#cookiescript_accept"),
    "Borlabs": ("#BorlabsCookieBox", "[data-cookie-accept-all], .brlbs-btn-accept-all"),
    "Civic": ("#ccc, #ccc-overlay", "#ccc-notify-accept, #ccc-recommended-settings"),
    "Cookie Information": ("#cookie-information-template-wrapper, #coiOverlay", ".coi-banner__accept"),
    "Evidon": ("#_evidon_banner, #_evidon-background", "#_evidon-accept-button"),
    "Axeptio": ("#axeptio_overlay, .axeptio_mount", "#axeptio_btn_acceptAll"),
    "HubSpot": ("#hs-eu-cookie-confirmation", "#hs-eu-confirmation-button"),
    "Ketch": ("#lanyard_root", "#lanyard_root button[class*=confirmButton]"),
    "tarteaucitron": ("#tarteaucitronRoot", "#tarteaucitronPersonalize2, .tarteaucitronAllow"),
    "orestbida": ("#cc-main, #cc--main", "#cc-main [data-role=all], #s-all-bn"),
    "Cookie Notice": ("#cookie-notice", "#cn-accept-cookie"),
    "Cookie Law Info": (
        "#cookie-law-info-bar, .cli-popupbar-overlay",
        "[data-cli_action=accept], #cookie_action_close_header",
    ),
    "EU Cookie Compliance": (".eu-cookie-compliance-banner", ".eu-cookie-compliance-banner .agree-button"),
    "Shopify": ("#shopify-pc__banner", "#shopify-pc__banner__btn-accept"),
    "Wix": ("[data-hook=ccsu-banner-wrapper]", "[data-hook=ccsu-banner-accept]"),
    "Moove": ("#moove_gdpr_cookie_info_bar", ".moove-gdpr-infobar-allow-all"),
    "Real Cookie Banner": (".rcb-banner", ".rcb-banner-cta-accept-all"),
    "Fides": ("#fides-overlay, #fides-banner", ".fides-accept-all-button"),
    "UniConsent": (".unic", "#unic-agree"),
    "Piwik PRO": ("#ppms_cm_popup_overlay, .ppms_cm_popup_overlay", "#ppms_cm_agree-to-all"),
    "Transcend": ("#transcend-consent-manager", ""),
}
"""For each provider, selectors of what it puts on a page, and of what accepts all there, where it is known."""


def boxes() -> list[str]:
    """Return the selectors of what providers put on pages."""
    return [box for box, _ in PROVIDERS.values()]


def buttons() -> list[str]:
    """Return the selectors of what accepts."""
    return [button for _, button in PROVIDERS.values() if button]
