// Brings the page up to date in place: parts that have not changed stay untouched,
// so that nothing flickers, scrolls back or loses a selection.
(() => {
  const every = 2000;
  const update = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { cache: "no-store" });
        if (answer.ok) adopt(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch { /* herald is being restarted: the next round finds it */ }
    }
    setTimeout(update, every);
  };
  const adopt = (next) => {
    const parts = (doc) => [...doc.querySelectorAll("[data-part]")];
    const now = parts(document), then = parts(next);
    if (now.map((p) => p.dataset.part).join() !== then.map((p) => p.dataset.part).join()) {
      document.body.replaceWith(next.body); // journeys came or went
      centre();
      return;
    }
    now.forEach((old, i) => {
      if (old.outerHTML === then[i].outerHTML) return;
      const left = [...old.querySelectorAll(".scroll")].map((s) => s.scrollLeft);
      old.replaceWith(then[i]);
      then[i].querySelectorAll(".scroll").forEach((s, k) => { s.scrollLeft = left[k] || 0; });
    });
  };
  // A drawing that is wider than the window begins in its middle, where the trigger is.
  const centre = () => document.querySelectorAll(".flow").forEach((f) => { f.scrollLeft = (f.scrollWidth - f.clientWidth) / 2; });
  addEventListener("DOMContentLoaded", centre);
  setTimeout(update, every);
})();
