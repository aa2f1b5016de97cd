// Takes off the page what lies over it: dialogs that ask for consent (consent), and whatever else does (overlays).
// boxes, buttons: selectors of the dialogs of known providers, and of what accepts in them. pause: milliseconds that
// a dialog has to go away after it was accepted. What holds the page's content is left alone, whatever it looks like.
async ({ consent, overlays, boxes, buttons, pause }) => {
    const CONSENT = /cookie|consent|gdpr|ccpa|datenschutz|einwillig|rgpd|donn\u00e9es personnelles|privacidad|privacy/i;
    const CONSENT_NAME = /(cookie|consent|gdpr|ccpa)[-_ ]?\w*?[-_ ]?(banner|bar|notice|popup|modal|dialog|overlay|message|wall|box)/i;
    const ACCEPT = new RegExp("^(" + [
        "(yes,? )?i (accept|agree|understand|consent)( .*)?", "(accept|agree|allow|consent)( (to )?(all|cookies|all cookies|the cookies))?",
        "(accept|agree) (and|&) (close|continue|proceed)", "got it", "ok(ay)?", "understood", "continue", "enable all",
        "(alle |alles )?(cookies )?(akzeptieren|zulassen|erlauben)( .*)?", "zustimmen( .*)?", "ich stimme zu",
        "einverstanden", "verstanden", "(tout )?(accepter|autoriser)( .*)?", "j'accepte", "d'accord", "ok,? (compris|tout accepter)",
        "aceptar( .*)?", "acepto", "permitir todas( .*)?", "de acuerdo", "entendido", "accetta( .*)?", "accetto",
        "aceitar( .*)?", "aceito", "concordo", "(alle )?(cookies )?(accepteren|toestaan)", "akkoord( .*)?",
        "akceptuj\u0119?( .*)?", "zgadzam si\u0119", "(acceptera|godk\u00e4nn|godkend|accepter|godta|tillad|till\u00e5t)( .*)?",
        "\u540c\u610f( .*)?", "\u540c\u610f\u3059\u308b", "\u63a5\u53d7( .*)?", "\ub3d9\uc758( .*)?", "\u043f\u0440\u0438\u043d\u044f\u0442\u044c( .*)?",
    ].join("|") + ")[.!]?$", "i");
    const OVERLAY_NAME = /modal|pop-?up|overlay|lightbox|newsletter|subscri|interstitial|paywall|dialog|backdrop|signup|opt-?in/i;
    const DIALOG = ":modal, dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]";
    const CONTENT = "main, article, [role=main]";
    const FURNITURE = "header, nav, footer, [role=banner], [role=navigation], [role=contentinfo]";

    if (!document.body) return;
    let removed = 0;
    // Known providers may live in shadow roots.
    const roots = [document];
    for (const element of document.querySelectorAll("*")) if (element.shadowRoot) roots.push(element.shadowRoot);
    const all = selector => roots.flatMap(root => [...root.querySelectorAll(selector)]);
    const lengthOf = element => (element.innerText ?? "").replace(/\s+/g, " ").trim().length;
    const nameOf = element => `${element.id} ${element.getAttribute("class") ?? ""}`;
    const isShown = element => element.isConnected && element.getClientRects().length > 0
        && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const outermost = elements => [...new Set(elements)].filter(
        one => !elements.some(other => other !== one && other.contains(one)));

    // Lies over the page instead of being part of it.
    const floats = element => {
        const { position, zIndex } = getComputedStyle(element);
        if (position === "fixed" || element.matches(":modal, [popover]:popover-open")) return true;
        if (position === "sticky") return !element.closest(FURNITURE);
        return position === "absolute" && Number(zIndex) >= 100
            && [null, document.body, document.documentElement].includes(element.offsetParent);
    };
    const isPage = element => element === document.body || element === document.documentElement;
    const floating = () => outermost(
        [...document.body.querySelectorAll("*")].filter(element => floats(element) && isShown(element)));

    // Whether there is hardly a page without this element, beside `others` and what frames a page.
    const holdsPage = (element, others, share) => {
        if (element.matches("main, [role=main]") || element.querySelector("main, [role=main]")) return true;
        const aside = outermost([element, ...others, ...document.body.querySelectorAll(FURNITURE)]);
        const rest = lengthOf(document.body) - aside.reduce((sum, one) => sum + lengthOf(one), 0);
        const own = lengthOf(element);
        return own > 0 && rest < own * share;
    };
    const remove = element => {
        element.remove();
        removed += 1;
    };

    const press = button => {
        const target = button.closest("a")?.getAttribute("href");
        const leaves = target && !/^(#|javascript:)/i.test(target);
        // A form that is sent would lead to another page.
        if (leaves || (button.form && button.type === "submit")) return false;
        button.click();
        return true;
    };
    const gone = async element => {
        const end = performance.now() + pause;
        while (isShown(element) && performance.now() < end) await new Promise(done => setTimeout(done, 20));
    };
    const accept = async (box, button) => {
        if (button && press(button)) await gone(box);
        // It may be kept for later, out of sight.
        if (box.isConnected) remove(box);
        else removed += 1;
    };
    const acceptButton = box => [...box.querySelectorAll("button, a, [role=button], input[type=button], input[type=submit]")]
        .find(button => isShown(button) && ACCEPT.test((button.innerText || button.value || "").replace(/\s+/g, " ").trim()));

    const acceptKnown = async () => {
        for (const box of all(boxes.join(","))) {
            if (!box.isConnected || isPage(box) || holdsPage(box, [], 0.2)) continue;
            const button = isShown(box) ? all(buttons.join(",")).find(isShown) : null;
            await accept(box, button);
        }
    };
    const acceptOthers = async () => {
        const named = [...document.body.querySelectorAll("*")].filter(
            element => CONSENT_NAME.test(nameOf(element)) && isShown(element) && !element.closest(CONTENT));
        for (const box of outermost([...floating(), ...named])) {
            if (!box.isConnected || !CONSENT.test(box.innerText) || lengthOf(box) > 4000) continue;
            const button = acceptButton(box);
            if ((button || (named.includes(box) && floats(box))) && !holdsPage(box, [], 0.5)) await accept(box, button);
        }
    };

    const isNamed = element => OVERLAY_NAME.test(nameOf(element)) || element.querySelector(DIALOG) !== null;
    const isOverlay = element => {
        const style = getComputedStyle(element);
        if (element.matches(DIALOG)) return true;
        if (element.matches(FURNITURE) || element.querySelector("h1")) return false;
        if (isNamed(element)) return style.position !== "sticky";
        // Without a name, what hides at least half of the window.
        const { top, right, bottom, left } = element.getBoundingClientRect();
        const width = Math.min(right, innerWidth) - Math.max(left, 0);
        const height = Math.min(bottom, innerHeight) - Math.max(top, 0);
        const covers = Math.max(0, width) * Math.max(0, height) >= innerWidth * innerHeight / 2;
        return style.position === "fixed" && Number(style.zIndex) >= 10 && covers
            && element.contains(document.elementFromPoint(innerWidth / 2, innerHeight / 2));
    };
    const removeOverlays = () => {
        const found = floating().filter(isOverlay);
        const superfluous = found.filter(one => !holdsPage(one, found, one.matches(DIALOG) || isNamed(one) ? 0.2 : 1));
        superfluous.forEach(remove);
        return superfluous.length > 0;
    };

    if (consent) {
        await acceptKnown();
        await acceptOthers();
    }
    // What lay under others may be on top now.
    while (overlays && removeOverlays());
    if (!removed) return;
    // Pages are often held still under what lies over them.
    for (const element of [document.documentElement, document.body]) {
        const style = getComputedStyle(element);
        if (/hidden|clip/.test(style.overflowY)) element.style.setProperty("overflow", "visible", "important");
        if (style.position === "fixed") element.style.setProperty("position", "static", "important");
    }
}
