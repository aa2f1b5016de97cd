// Scrolls a list that only holds what is visible, and puts all that it held in its place.
// Returns whether there is such a list.
async ({ selector, count, by, pause }) => {
    const container = () => document.querySelector(selector);
    if (!container()) return false;

    const scrolls = element => element.scrollHeight > element.clientHeight + 1
        && /auto|scroll|overlay/.test(getComputedStyle(element).overflowY);
    // What scrolls is the container, something in it, or something around it.
    const scroller = () => {
        if (scrolls(container())) return container();
        const inside = [...container().querySelectorAll("*")].find(scrolls);
        if (inside) return inside;
        for (let outer = container().parentElement; outer; outer = outer.parentElement)
            if (scrolls(outer)) return outer;
        return document.scrollingElement ?? document.documentElement;
    };

    const filled = element => element.textContent.trim() !== "" || element.querySelector("img, picture, video, svg");
    const itemsIn = element => [...element.children].filter(filled);
    // Items are often some elements below the container, beside empty ones that only take up room.
    const list = () => {
        let found = container();
        while (itemsIn(found).length === 1 && itemsIn(itemsIn(found)[0]).length > 1) found = itemsIn(found)[0];
        return found;
    };

    // An item is the same one when it says the same: its style, place and state may change.
    const ofItem = /^(data-(id|key|index|item-index|row-index)|aria-(posinset|rowindex))$/;
    const signature = item => {
        const parts = [item.textContent.replace(/\s+/g, " ").trim()];
        for (const element of [item, ...item.querySelectorAll("*")]) {
            for (const { name, value } of element.attributes)
                if (name === "href" || ofItem.test(name) || (name === "src" && !parts[0])) parts.push(value);
        }
        return parts.join("\u0000");
    };

    const seen = new Map();
    const collected = [];
    // Items that say the same are several ones if the list holds them at the same time.
    const collect = () => {
        const now = new Map();
        let added = 0;
        for (const item of itemsIn(list())) {
            const key = signature(item);
            const nth = (now.get(key) ?? 0) + 1;
            now.set(key, nth);
            if (nth <= (seen.get(key) ?? 0)) continue;
            seen.set(key, nth);
            collected.push(item.cloneNode(true));
            added += 1;
        }
        return added;
    };

    // The list learns that it was scrolled with the page's next picture, which a busy machine may take its time for.
    const settle = async () => {
        await Promise.race([new Promise(requestAnimationFrame), new Promise(done => setTimeout(done, 1000))]);
        await new Promise(done => setTimeout(done, pause));
    };

    collect();
    for (let step = 0; step < count && container(); step++) {
        const moving = scroller();
        const before = moving.scrollTop;
        const amount = typeof by === "number" ? by
            : by === "page_height" ? innerHeight
            : Math.min(container().clientHeight || innerHeight, moving.clientHeight || innerHeight);
        moving.scrollTo({ top: before + amount, behavior: "instant" });
        await settle();
        if (!container()) break;
        if (!collect() && moving.scrollTop === before) break;
    }
    if (container() && collected.length > itemsIn(list()).length) {
        // In a copy, which the page's own script does not take for its list.
        const whole = list().cloneNode(false);
        whole.append(...collected);
        list().replaceWith(whole);
    }
    return true;
}
