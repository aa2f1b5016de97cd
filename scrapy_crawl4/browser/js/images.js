// Waits until the pictures of the page are loaded or have failed.
// all: those that load on sight too, wherever they are. longest: milliseconds.
async ({ all, longest }) => {
    const isInSight = image => {
        const { top, bottom } = image.getBoundingClientRect();
        return bottom >= 0 && top <= innerHeight;
    };
    const ended = image => new Promise(done => {
        image.addEventListener("load", done, { once: true });
        image.addEventListener("error", done, { once: true });
    });
    const pending = [...document.images].filter(
        image => !image.complete && (all || image.loading !== "lazy" || isInSight(image)));
    await Promise.race([Promise.all(pending.map(ended)), new Promise(done => setTimeout(done, longest))]);
}
