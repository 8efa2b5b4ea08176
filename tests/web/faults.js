// What a screen reader or a keyboard needs of a page (WCAG 2.1: 1.3.1, 1.4.3, 2.4.2, 2.4.6, 3.3.2,
// 4.1.2). Evaluated in the page; returns the faults found.
() => {
  const faults = [];
  const named = e => (e.labels && e.labels.length) || e.getAttribute("aria-label") || e.title;
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!named(e)) faults.push("no label: " + e.outerHTML.slice(0, 90));
  for (const e of document.querySelectorAll("a[href], button"))
    if (!e.textContent.trim() && !e.getAttribute("aria-label")) faults.push("no name: " + e.outerHTML);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map(e => +e.tagName[1]);
  if (levels.filter(n => n === 1).length !== 1) faults.push("headings h1: " + levels);
  levels.forEach((n, i) => { if (i && n > levels[i - 1] + 1) faults.push("heading skipped: " + levels); });
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  if (new Set(ids).size !== ids.length) faults.push("id twice");
  for (const e of document.querySelectorAll("svg, img"))
    if (e.getAttribute("role") !== "img" || !e.getAttribute("aria-label")) faults.push("picture");
  if (!document.documentElement.lang || !document.querySelector("main")) faults.push("page");
  for (const e of document.querySelectorAll("th"))
    if (!e.textContent.trim()) faults.push("empty heading of a column");
  return faults.concat(contrast());
  function contrast() {
    const rgb = text => text.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
      v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4
    ).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const ground = e => {
      for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] === 1) return c;
      }
      return [255, 255, 255];
    };
    const weak = new Set();
    for (const e of document.querySelectorAll("main *, main")) {
      const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
      if (!own || !e.offsetParent || e.disabled) continue;
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
      const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
      if (ratio < 4.5) weak.add(`contrast ${ratio.toFixed(2)}: ${e.className} ${e.textContent.trim().slice(0, 20)}`);
    }
    return [...weak];
  }
}
