// Scrolls through the page, a window at a time, so that what loads on sight is there, and back to its top.
// pause: milliseconds after each step. steps: the most of them, null for the whole page and `more` windows of what it
// grows by meanwhile. longest: milliseconds that all of it may take.
async ({ pause, steps, more, longest }) => {
    const end = performance.now() + longest;
    const bottom = () => Math.max(0, document.documentElement.scrollHeight - innerHeight);
    const most = steps ?? Math.ceil(bottom() / innerHeight) + more;
    // Not as smoothly as the page's style may want it: that takes its time.
    const go = top => window.scrollTo({ top, behavior: "instant" });
    let y = 0;
    for (let step = 0; step < most && performance.now() < end; step++) {
        y = Math.min(y + innerHeight, bottom());
        go(y);
        await new Promise(done => setTimeout(done, pause));
        if (y >= bottom()) break;
    }
    go(0);
}
