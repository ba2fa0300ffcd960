// Findings in their list and on the axis; what is missing as a row to step through.

const AROUND = 0.6;
const AROUND_S_MIN = 2;
const GAPS_LISTED_MAX = 12;
const PIN_PX = 20;
const PRIORITIES = ["high", "medium", "low"];
const SHAPES = { high: "▲", medium: "◆", low: "●" };

export class Findings {
  constructor(scene) {
    this.scene = scene;
    document.addEventListener("click", (event) => {
      const button = event.target.closest?.(".pick");
      if (button) this.pick(Number(button.dataset.finding), { again: true });
    });
    document.addEventListener("keydown", (event) => {
      if (!["j", "k", "f"].includes(event.key)) return;
      // The list of keys has moved the focus by then.
      setTimeout(() => {
        const button = document.activeElement?.closest?.(".pick");
        if (button) this.pick(Number(button.dataset.finding));
      });
    });
    this.read();
    this.mark();
  }

  get buttons() {
    return [...document.querySelectorAll(".pick")];
  }

  /** Learn what stands in the list. */
  read() {
    this.scene.priorities = new Map(this.buttons.map((button) => [Number(button.dataset.finding), button.dataset.priority]));
  }

  /** Select a finding and show the readings that raised it; once more lets go of it. */
  pick(number, { again = false } = {}) {
    const { view, recording } = this.scene;
    if (again && view.finding === number) {
      view.select(null);
      return;
    }
    view.finding = number;
    const pin = recording.trace?.pins.find((one) => one.number === number);
    if (!pin) {
      view.tell();
      return;
    }
    const [from, to] = [pin.from_ms / 1000, pin.to_ms / 1000];
    const around = Math.max((to - from) * AROUND, AROUND_S_MIN);
    view.show(from - around, to + around);
  }

  /** Show in the list what is selected. */
  mark() {
    for (const button of this.buttons) {
      const isPicked = Number(button.dataset.finding) === this.scene.view.finding;
      button.setAttribute("aria-expanded", String(isPicked));
      const more = button.parentElement.querySelector(".more");
      const wasHidden = more.hidden;
      more.hidden = !isPicked;
      if (isPicked && wasHidden) button.scrollIntoView({ block: "nearest" });
    }
  }
}

/** Above the plots, where the readings of findings are; what lies close together shares one pin. */
export class Pins {
  constructor(root, scene, plots, findings) {
    this.scene = scene;
    this.plots = plots;
    this.findings = findings;
    this.lane = document.createElement("div");
    this.lane.className = "pins";
    root.before(this.lane);
  }

  build() {
    this.known = this.scene.recording.trace.pins.filter((pin) => this.scene.priorities.has(pin.number));
    this.known.sort((one, other) => one.from_ms - other.from_ms);
    this.lane.hidden = this.known.length === 0;
    this.place();
  }

  place() {
    const [from, to] = this.scene.view.range;
    const groups = [];
    for (const pin of this.known ?? []) {
      if (pin.from_ms / 1000 < from - 1e-6 || pin.from_ms / 1000 > to + 1e-6) continue;
      const left = this.plots.left(pin.from_ms);
      const near = groups.at(-1);
      if (near && left - near.left < PIN_PX) near.pins.push(pin);
      else groups.push({ left, pins: [pin] });
    }
    this.lane.replaceChildren(...groups.map((group) => this.button(group)));
  }

  button({ left, pins }) {
    const rank = (pin) => PRIORITIES.indexOf(this.scene.priorities.get(pin.number));
    const worst = PRIORITIES[Math.min(...pins.map(rank))];
    const held = pins.findIndex((pin) => pin.number === this.scene.view.finding);
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.className = `pin ${worst}`;
    button.textContent = SHAPES[worst] + (pins.length > 1 ? pins.length : "");
    const named = pins.map((pin) => pin.number).join(", ");
    button.setAttribute("aria-label", `${pins.length > 1 ? "Findings" : "Finding"} ${named}, ${worst}`);
    button.setAttribute("aria-pressed", String(held >= 0));
    button.style.left = `${left}px`;
    const ordered = [...pins].sort((one, other) => rank(one) - rank(other));
    const next = ordered[(ordered.findIndex((pin) => pin.number === this.scene.view.finding) + 1) % ordered.length];
    button.addEventListener("click", () => this.findings.pick(next.number, { again: pins.length === 1 }));
    return button;
  }
}

/** What is not there, as buttons: `g` steps through them. */
export class Gaps {
  constructor(root, scene) {
    this.scene = scene;
    this.row = document.createElement("div");
    this.row.className = "gaps row";
    root.after(this.row);
    this.told = "";
    document.addEventListener("keydown", (event) => {
      if (event.key !== "g") return;
      setTimeout(() => document.activeElement?.closest?.("[data-key-gap]")?.click());
    });
  }

  build() {
    const { gaps } = this.scene.recording.trace;
    const told = JSON.stringify(gaps);
    if (told === this.told) return;
    this.told = told;
    this.row.hidden = gaps.length === 0;
    const title = document.createElement("span");
    title.className = "soft";
    title.textContent = "Not there:";
    const listed = gaps.slice(0, GAPS_LISTED_MAX).map((gap) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "tool";
      button.textContent = gap.words.replace(/^documents? /, "").replace(", as the device declared", "");
      button.dataset.keyGap = "";
      button.addEventListener("click", () => {
        const [from, to] = [gap.from_ms / 1000, gap.to_ms / 1000];
        const around = Math.max((to - from) * AROUND, AROUND_S_MIN);
        this.scene.view.show(from - around, to + around);
      });
      return button;
    });
    const more = gaps.length - listed.length;
    if (more > 0) listed.push(Object.assign(document.createElement("span"), { textContent: `${more} more`, className: "soft" }));
    this.row.replaceChildren(title, ...listed);
  }
}
