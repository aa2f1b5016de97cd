// Returns the HTML of a document as it stands, or of its body's content (inner), and changes nothing on the page.
// flatten: shadow roots take the place of what their hosts hold; those that are closed are found on their hosts by
// the symbol `mark`. frames: pairs of a frame's element and the HTML to put in its place.
({ inner, flatten, mark, frames }) => {
    const shown = new Map(frames);
    const closed = Symbol.for(mark);
    // Elements of a document without a window run and load nothing.
    const inert = document.implementation.createHTMLDocument("");
    const todo = [];
    const put = (nodes, target) => {
        for (const node of [...nodes].reverse()) todo.push([node, target]);
    };
    const isShadowed = node => node.getRootNode() instanceof ShadowRoot;

    const absolute = value => {
        try {
            return value.trim() === "" || value.startsWith("#") ? value : new URL(value, document.baseURI).href;
        } catch {
            return value;
        }
    };
    // What is relative to a frame's document would mean something else in another one.
    const makeAbsolute = element => {
        for (const name of ["href", "src", "action", "formaction", "poster"])
            if (element.hasAttribute(name)) element.setAttribute(name, absolute(element.getAttribute(name)));
        if (element.hasAttribute("srcset"))
            element.setAttribute("srcset", element.getAttribute("srcset").split(/,\s+/)
                .map(part => part.trim().replace(/^\S+/, absolute)).join(", "));
    };

    let number = 0;
    const frameContent = (element, html) => {
        const content = inert.createElement("div");
        content.className = `extracted-iframe-content-${number++}`;
        content.innerHTML = html;
        return content;
    };

    const copyOf = node => {
        // Frames of a frameset have no place in it any more when they are something else.
        if (node.localName === "frameset" && shown.size)
            return inert.createElement(node.parentNode.localName === "html" ? "body" : "div");
        const copy = inert.importNode(node, false);
        if (inner && node.nodeType === Node.ELEMENT_NODE) makeAbsolute(copy);
        return copy;
    };

    const copyElement = (node, target) => {
        if (flatten && isShadowed(node)) {
            if (node.localName === "slot") {
                const assigned = node.assignedNodes();
                return put(assigned.length ? assigned : node.childNodes, target);
            }
            if (node.localName === "style" || node.matches("link[rel~=stylesheet]")) return;
        }
        const copy = target.appendChild(copyOf(node));
        const root = flatten && (node.shadowRoot ?? node[closed]);
        if (node[closed]) delete node[closed];
        if (node.localName === "template") copy.content.append(inert.importNode(node.content, true));
        else if (node.localName === "noscript") copy.innerHTML = node.textContent;
        else put(root ? root.childNodes : node.childNodes, copy);
    };

    const result = inert.createElement("div");
    put(inner ? (document.body ?? document.documentElement).childNodes : [document.documentElement], result);
    while (todo.length) {
        const [node, target] = todo.pop();
        if (shown.has(node)) target.append(frameContent(node, shown.get(node)));
        else if (node.nodeType === Node.ELEMENT_NODE) copyElement(node, target);
        else target.append(copyOf(node));
    }
    const doctype = inner || !document.doctype ? "" : new XMLSerializer().serializeToString(document.doctype);
    return doctype + result.innerHTML;
}
