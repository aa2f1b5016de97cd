"""Scripts that have a page's ``navigator`` agree with what its requests say."""

from __future__ import annotations

import json

from .client_hints import override_of, platform_of, vendor_of

AGREEING = """(() => {
    const tell = (owner, name, value) => Object.defineProperty(
        owner, name, {get: () => value, configurable: true, enumerable: true});
    const said = SAID;
    for (const name of ['platform', 'vendor'])
        if (said[name] !== null && navigator[name] !== said[name]) tell(Navigator.prototype, name, said[name]);
    const hints = navigator.userAgentData;
    if (!hints) return;
    if (!said.hints) { delete Navigator.prototype.userAgentData; return; }
    const same = list => list.map(one => one.brand + one.version).join();
    if (same(hints.brands) === same(said.hints.brands)) return;
    const plain = () => ({brands: said.hints.brands, mobile: said.hints.mobile, platform: said.hints.platform});
    for (const [name, value] of Object.entries(plain())) tell(NavigatorUAData.prototype, name, value);
    NavigatorUAData.prototype.toJSON = plain;
    NavigatorUAData.prototype.getHighEntropyValues = async wanted => Object.assign(plain(), Object.fromEntries(
        wanted.filter(name => name in said.hints).map(name => [name, said.hints[name]])));
})()"""
"""The browser itself sees to most of it, but not in frames that come from other sites."""

PLAUSIBLE = """(() => {
    const tell = (name, value) => Object.defineProperty(
        Navigator.prototype, name, {get: () => value, configurable: true, enumerable: true});
    if (navigator.webdriver) tell('webdriver', false);
    if (!navigator.languages.length) tell('languages', Object.freeze(['en-US', 'en']));
    if (!navigator.plugins.length) {
        const names = ['PDF Viewer', 'Chrome PDF Viewer', 'Chromium PDF Viewer', 'Microsoft Edge PDF Viewer',
            'WebKit built-in PDF'];
        const plugins = Object.create(PluginArray.prototype);
        names.forEach((name, index) => { plugins[index] = Object.create(Plugin.prototype, {
            name: {value: name}, filename: {value: 'internal-pdf-viewer'},
            description: {value: 'Portable Document Format'}, length: {value: 2}}); });
        Object.defineProperty(plugins, 'length', {value: names.length});
        tell('plugins', plugins);
    }
    if (!window.chrome) window.chrome = {runtime: {}};
})()"""
"""Says what a browser with a window says, where it says something else."""


def agreeing(user_agent: str | None) -> tuple[str, ...]:
    """Return the scripts that a page with *user_agent* needs; None is the browser's own, which agrees."""
    if user_agent is None:
        return ()
    platform = platform_of(user_agent)
    said = {
        "platform": platform or None,
        "vendor": vendor_of(user_agent) if platform else None,
        "hints": override_of(user_agent).get("userAgentMetadata"),
    }
    return (AGREEING.replace("SAID", json.dumps(said)),)
