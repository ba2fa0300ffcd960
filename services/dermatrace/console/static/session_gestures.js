// Fingers and wheels on the plots: one finger moves, two zoom; a wheel sideways moves, with Ctrl it
// zooms. A mouse that drags is uPlot's: it selects what to show.

const WHEEL_ZOOM = 1.0015;

export class Gestures {
  constructor(root, scene, plots) {
    this.root = root;
    this.view = scene.view;
    this.plots = plots;
    this.fingers = new Map();
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.down(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      root.addEventListener(name, (event) => this.fingers.delete(event.pointerId));
    }
  }

  /** Seconds at a place on the screen, and seconds a pixel. */
  at(clientX) {
    const over = this.plots.plots[0]?.plot.over.getBoundingClientRect();
    const [from, to] = this.view.range;
    const perPx = (to - from) / (over?.width || 1);
    return [from + (clientX - (over?.left ?? 0)) * perPx, perPx];
  }

  wheel(event) {
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (!event.ctrlKey && !isSideways) return;
    event.preventDefault();
    const [second, perPx] = this.at(event.clientX);
    if (event.ctrlKey) this.view.zoom(WHEEL_ZOOM ** event.deltaY, second);
    else {
      const by = (event.deltaX || event.deltaY) * perPx;
      const [from, to] = this.view.range;
      this.view.show(from + by, to + by);
    }
  }

  down(event) {
    if (event.pointerType === "mouse") return;
    this.fingers.set(event.pointerId, event.clientX);
    this.heldS = [...this.fingers.values()].map((x) => this.at(x)[0]);
  }

  move(event) {
    if (!this.fingers.has(event.pointerId)) return;
    this.fingers.set(event.pointerId, event.clientX);
    const places = [...this.fingers.values()];
    const over = this.plots.plots[0]?.plot.over.getBoundingClientRect();
    if (!over || !this.heldS) return;
    if (places.length === 1) {
      const [second] = this.at(places[0]);
      const [from, to] = this.view.range;
      this.view.show(from + this.heldS[0] - second, to + this.heldS[0] - second);
    } else if (places.length === 2 && this.heldS.length === 2) {
      const perPx = (this.heldS[1] - this.heldS[0]) / (places[1] - places[0] || 1);
      if (perPx <= 0) return;
      const from = this.heldS[0] - (places[0] - over.left) * perPx;
      this.view.show(from, from + over.width * perPx);
    }
  }
}
