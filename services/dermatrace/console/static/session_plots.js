// The plots of a session: one below the other, on one time axis.

import * as layers from "./session_layers.js";
import { broken } from "./session_lines.js";
import { faded } from "./session_theme.js";
import { withdrawn } from "./session_withdrawn.js";
import uPlot from "./vendor/uplot-1.6.32.js";

const AXIS_PX = 54;
const TIME_PX = 26;
const LANE_PX = 26;
const FONT = "11px system-ui, sans-serif";
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

/** What is drawn of a pen, and of shots: title, height, what it is limited by, its lines. */
function kinds(recording) {
  const found = [];
  if (recording.hasWindows) {
    found.push(
      { name: "depth", title: "depth, mm", px: 230, quantity: "depth", isDepth: true, lines: depthLines },
      { name: "rate", title: "rate, Hz", px: 76, quantity: "stroke_rate", lines: rateLines },
      { name: "contact", title: "contact", px: 56, range: [0, 1.05], lines: contactLines },
    );
  }
  if (recording.hasShots) {
    const scope = recording.energyScope;
    const energy = scope === "per_pin" ? "energy, mJ a pin" : "energy, mJ";
    found.push(
      { name: "shot depth", title: "depth, mm", px: 140, quantity: "depth", isDepth: true, shots: ["set_mm", "reported_mm"] },
      { name: "energy", title: energy, px: 150, quantity: scope === "per_pin" ? "energy_per_pin" : "energy_total", shots: [`${scope}_set_mj`, `${scope}_mj`] },
      { name: "impedance", title: "Ω before", px: 76, quantity: "impedance_before", isLoose: true, shots: [null, "impedance_ohm"] },
      { name: "temperature", title: "°C most", px: 76, quantity: "temperature", isLoose: true, shots: [null, "temperature_celsius"] },
    );
  }
  return found.filter((kind) => !kind.shots || recording.shots[kind.shots[1]].some((value) => value !== null));
}

function depthLines({ lines }, theme) {
  return {
    data: [lines.x, lines.set, lines.median, lines.late],
    series: [
      { stroke: faded(theme["ink-soft"], 0.55), width: 3, paths: broken({ isStepped: true }) },
      { stroke: theme.ink, width: 1.3, paths: broken() },
      { stroke: theme.ink, width: 1.3, dash: [2, 3], paths: broken() },
    ],
  };
}

function rateLines({ lines }, theme) {
  return { data: [lines.x, lines.rate], series: [{ stroke: theme.ink, width: 1.2, paths: broken() }] };
}

function contactLines({ lines }, theme) {
  const paths = broken({ isStepped: true, isFilled: true });
  return { data: [lines.x, lines.contact], series: [{ stroke: theme.ink, width: 1, fill: faded(theme.ink, 0.24), paths }] };
}

export class Plots {
  constructor(root, scene, tellCursor) {
    this.root = root;
    this.scene = scene;
    this.tellCursor = tellCursor;
    this.plots = [];
    this.shape = "";
    this.sync = uPlot.sync("session");
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(root);
  }

  /** Draw anew what has come; make other plots only if other things are told. */
  refresh({ anew = false } = {}) {
    const { recording } = this.scene;
    const found = kinds(recording);
    const shape = found.map((kind) => kind.name).join();
    if (anew || shape !== this.shape) this.build(found, shape);
    else {
      for (const { plot, kind } of this.plots) {
        kind.ends = ends(kind, recording);
        plot.setData(dataOf(kind, recording, this.scene.theme), false);
        const [min, max] = kind.ends;
        plot.setScale("y", { min, max });
      }
    }
    this.show();
  }

  build(found, shape) {
    for (const { plot } of this.plots) plot.destroy();
    this.shape = shape;
    const { recording } = this.scene;
    const lane = { name: "zones", title: "", px: LANE_PX, isLane: true };
    const all = recording.trace.stretches.length || found.length ? [lane, ...found] : [];
    this.plots = all.map((kind, place) => {
      kind.ends = ends(kind, recording);
      return { kind, plot: this.plot(kind, place === all.length - 1) };
    });
  }

  plot(kind, hasTime) {
    const { scene } = this;
    const { theme } = scene;
    const drawn = kind.lines ? kind.lines(scene.recording, theme) : { series: [{ show: false }] };
    const grid = { stroke: theme.line, width: 0.5 };
    const under = [layers.absences(scene)];
    const over = [];
    if (kind.isLane) over.push(layers.zones(scene));
    if (kind.quantity) {
      under.push(layers.bands(scene, kind.quantity));
      over.push(layers.limits(scene, kind.quantity));
    }
    if (kind.name === "depth") under.push(layers.ribbons(scene));
    if (kind.shots) over.push(layers.lollipops(scene, ...kind.shots));
    if (!kind.isLane) over.push(withdrawn(scene, kind));
    over.push(layers.doubts(scene), layers.selection(scene));
    const plot = new uPlot(
      {
        width: this.root.clientWidth,
        height: kind.px + (hasTime ? TIME_PX : 0),
        padding: [kind.isLane ? 2 : 5, 12, hasTime ? 0 : 5, 0],
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          sync: { key: "session", setSeries: false },
          drag: { x: true, y: false, setScale: false },
          bind: { dblclick: () => () => this.scene.view.whole() },
        },
        scales: {
          x: { time: false, auto: false },
          y: { auto: false, dir: kind.isDepth ? -1 : 1, range: () => kind.ends },
        },
        axes: [
          { show: hasTime, size: TIME_PX, font: FONT, stroke: theme["ink-soft"], incrs: STEPS_S, grid, ticks: { ...grid, size: 4 }, values: (_, seconds) => seconds.map(clock) },
          { show: !kind.isLane, size: AXIS_PX, font: FONT, stroke: theme["ink-soft"], grid, ticks: { show: false }, label: kind.title, labelSize: 16, labelFont: FONT, labelGap: 2, gap: 3, space: 26, values: (_, values) => values.map((value) => (value === null ? "" : number(value))) },
        ].map((axis) => (kind.isLane && axis.label !== undefined ? { show: true, size: AXIS_PX, values: () => [], grid: { show: false }, ticks: { show: false }, label: "zone", labelSize: 16, labelFont: FONT, stroke: theme["ink-soft"] } : axis)),
        series: [{}, ...drawn.series.map((series) => ({ points: { show: false }, spanGaps: false, ...series }))],
        hooks: {
          drawClear: under,
          draw: over,
          setSelect: [(self) => this.zoomTo(self)],
          setCursor: [(self) => this.moved(self, kind)],
        },
      },
      dataOf(kind, scene.recording, theme),
      this.root,
    );
    plot.root.dataset.plot = kind.name;
    this.sync.sub(plot);
    return plot;
  }

  zoomTo(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    // Every synchronised plot selects as well; the first to tell is enough.
    if (this.zooming) return;
    this.zooming = true;
    queueMicrotask(() => {
      this.zooming = false;
    });
    this.scene.view.show(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  moved(plot, kind) {
    const { left, event } = plot.cursor;
    if (left < 0) {
      this.tellCursor(null, null);
      return;
    }
    const isHere = event?.target && plot.over.contains(event.target);
    if (!isHere) return;
    const limit = kind.quantity ? layers.limitAt(this.scene, plot, kind.quantity) : undefined;
    if (limit !== this.scene.hovered) {
      this.scene.hovered = limit;
      plot.redraw(false);
    }
    this.tellCursor(plot.posToVal(left, "x"), limit ?? null, (plot.posToVal(left + 5, "x") - plot.posToVal(left, "x")));
  }

  show() {
    const [min, max] = this.scene.view.range;
    for (const { plot } of this.plots) {
      const { x } = plot.scales;
      if (x.min === min && x.max === max) plot.redraw(false);
      else plot.setScale("x", { min, max });
    }
    this.afterShow?.();
  }

  redraw() {
    for (const { plot } of this.plots) plot.redraw(false);
  }

  resize() {
    const width = this.root.clientWidth;
    for (const { plot } of this.plots) if (plot.width !== width) plot.setSize({ width, height: plot.height });
    this.afterShow?.();
  }

  /** Where a time is, in pixels from the left of the plots; for what lies over them. */
  left(ms) {
    const plot = this.plots[0]?.plot;
    return plot ? plot.valToPos(ms / 1000, "x") + plot.bbox.left / (window.devicePixelRatio || 1) : 0;
  }
}

/** How far a plot reaches from top to bottom: fixed for the session, so that nothing jumps. */
function ends(kind, recording) {
  if (kind.isLane) return [0, 1];
  if (kind.range) return kind.range;
  const values = told(kind, recording);
  const most = values.reduce((high, value) => Math.max(high, value ?? high), kind.isDepth ? 0.1 : -Infinity);
  const least = values.reduce((low, value) => Math.min(low, value ?? low), Infinity);
  const near = recording.trace.limits
    .filter((limit) => limit.quantity === kind.quantity)
    .filter((limit) => limit.envelope === "clinic_protocol" || limit.value <= most * 1.3)
    .map((limit) => limit.value);
  const high = Math.max(most, ...near.filter((value) => value <= most * 2.5));
  if (!Number.isFinite(high)) return [0, 1];
  if (kind.isDepth || kind.shots && !kind.isLoose) return [0, high * 1.1];
  const low = Math.min(least, ...near.filter((value) => value >= least * 0.8));
  const room = Math.max((high - low) * 0.15, high * 0.02, 0.01);
  return [Math.max(0, low - room), high + room];
}

/** What was withdrawn does not make a plot reach further: it is often what nobody can believe. */
function told(kind, { lines, shots, windows }) {
  const standing = (columns, name) => columns[name].filter((_, at) => !columns.is_withdrawn[at]);
  if (kind.name === "depth") return standing(windows, "high_mm").concat(standing(windows, "set_mm"));
  if (kind.name === "rate") return lines.rate;
  return kind.shots.flatMap((name) => (name === null ? [] : standing(shots, name)));
}

function dataOf(kind, recording, theme) {
  if (kind.lines) return kind.lines(recording, theme).data;
  const end = recording.endS;
  return [[0, end], [null, null]];
}

/** Elapsed time as a clock that was started with the session. */
export function clock(seconds) {
  const sign = seconds < 0 ? "−" : "";
  const tenths = Math.round(Math.abs(seconds) * 10);
  const whole = Math.floor(tenths / 10);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0") + (tenths % 10 ? `.${tenths % 10}` : "");
  return `${sign}${hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes}:${rest}`;
}

function number(value) {
  return String(Math.round(value * 1000) / 1000);
}
