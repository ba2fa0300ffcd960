// `/` search, `j` `k` next and previous, `n` `p` pages of a list, `f` findings, `g` gaps, `?` help. Pages mark what they
// have with data-key-search, data-key-row, data-key-finding and data-key-gap.

const STEPS = { j: ["row", 1], k: ["row", -1], f: ["finding", 1], g: ["gap", 1] };
const PAGES = { n: "next", p: "prev" };

export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-key-search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    } else if (event.key === "?") {
      document.getElementById("keys-help")?.showModal();
    } else if (event.key in PAGES) {
      document.querySelector(`.pager a[rel=${PAGES[event.key]}]`)?.click();
    } else if (event.key in STEPS) {
      step(...STEPS[event.key]);
    }
  });
  document.getElementById("keys-button")?.addEventListener("click", () => {
    document.getElementById("keys-help")?.showModal();
  });
}

function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], dialog[open]");
}

function step(kind, by) {
  const all = [...document.querySelectorAll(`[data-key-${kind}]`)].filter((one) => one.offsetParent);
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length;
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
}
