// Which part of a session is shown. One for all plots; the address holds it.

const SHORTEST_S = 0.5;
const LAST_S = 120;
/** Between two writings of the address: browsers refuse to do that with every movement of a hand. */
const SETTLED_MS = 150;

export class View extends EventTarget {
  constructor() {
    super();
    this.wholeS = [0, 1];
    this.shown = null;
    this.isLast = false;
    this.finding = null;
    this.writing = null;
    this.wrote = -Infinity;
    this.read();
    window.addEventListener("hashchange", () => {
      this.read();
      this.tell();
    });
  }

  get range() {
    if (this.isLast) return [Math.max(this.wholeS[0], this.wholeS[1] - LAST_S), this.wholeS[1]];
    return this.shown ?? this.wholeS;
  }

  /** The session has become this long; what somebody looks at stays where it is. */
  extend(fromS, toS) {
    if (this.wholeS[0] === fromS && this.wholeS[1] === toS) return;
    this.wholeS = [fromS, Math.max(toS, fromS + SHORTEST_S)];
    this.tell();
  }

  show(fromS, toS) {
    const length = Math.min(Math.max(toS - fromS, SHORTEST_S), this.wholeS[1] - this.wholeS[0]);
    const middle = (fromS + toS) / 2;
    const begin = Math.min(Math.max(middle - length / 2, this.wholeS[0]), this.wholeS[1] - length);
    this.isLast = false;
    const isWhole = length >= this.wholeS[1] - this.wholeS[0];
    this.shown = isWhole ? null : [begin, begin + length];
    this.tell();
  }

  whole() {
    this.shown = null;
    this.isLast = false;
    this.tell();
  }

  last() {
    this.shown = null;
    this.isLast = true;
    this.tell();
  }

  /** Move by a share of what is shown. */
  move(share) {
    const [from, to] = this.range;
    this.show(from + (to - from) * share, to + (to - from) * share);
  }

  /** Zoom by a factor around a time; below 1 is closer. */
  zoom(factor, aroundS = null) {
    const [from, to] = this.range;
    const around = aroundS ?? (from + to) / 2;
    this.show(around - (around - from) * factor, around + (to - around) * factor);
  }

  select(finding) {
    this.finding = finding;
    this.tell();
  }

  tell() {
    this.writeSoon();
    this.dispatchEvent(new Event("change"));
  }

  /** As soon as what is being done is done: who then follows a link comes back to what was shown. */
  writeSoon() {
    if (this.writing !== null) return;
    const settling = this.wrote + SETTLED_MS - performance.now();
    this.writing = setTimeout(() => this.write(), Math.max(settling, 0));
  }

  read() {
    const told = new URLSearchParams(window.location.hash.slice(1));
    const [from, to] = (told.get("t") ?? "").split(",").map(Number);
    this.shown = Number.isFinite(from) && to > from ? [from, to] : null;
    this.isLast = told.get("t") === "last";
    this.finding = told.has("finding") ? Number(told.get("finding")) : null;
  }

  write() {
    this.writing = null;
    this.wrote = performance.now();
    const told = [];
    if (this.isLast) told.push("t=last");
    else if (this.shown) told.push(`t=${this.shown.map((second) => Math.round(second * 10) / 10).join(",")}`);
    if (this.finding !== null) told.push(`finding=${this.finding}`);
    const hash = told.length ? `#${told.join("&")}` : "";
    if (hash !== window.location.hash) {
      window.history.replaceState(null, "", window.location.pathname + window.location.search + hash);
    }
  }
}
