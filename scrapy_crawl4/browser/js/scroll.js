// Scrolls through the page, a window at a time, so that what loads on sight is there, and back to its top.
// pause: milliseconds after each step. steps: the most of them, null for the whole page and `more` windows of what it
// grows by meanwhile. longest: milliseconds that all of it may take.
async ({ pause, steps, more, longest }) => {
    const end = performance.now() + longest;
    const bottom = () => Math.max(0, document.documentElement.scrollHeight - innerHeight);
    const most = steps ?? Math.ceil(bottom() / innerHeight) + more;
    // Not as smoothly as the page's style may want it: that takes its time.
    const go = top => window.scrollTo({ top, behavior: "instant" });
    // The page learns that it was scrolled with its next picture, which a busy machine may take its time for.
    const settle = async () => {
        await Promise.race([new Promise(requestAnimationFrame), new Promise(done => setTimeout(done, 1000))]);
        await new Promise(done => setTimeout(done, pause));
    };
    let y = 0;
    for (let step = 0; step < most && performance.now() < end; step++) {
        y = Math.min(y + innerHeight, bottom());
        go(y);
        await settle();
        if (y >= bottom()) break;
    }
    go(0);
}
