// What is drawn under and over the lines: allowed bands, limits, gaps, doubts, findings. Each is a
// function of a plot, called by uPlot's hooks; `scene` has the recording, the theme, the selection.

import { ribbon } from "./session_lines.js";
import { lastAtOrBefore as lastAt } from "./session_recording.js";
import { faded } from "./session_theme.js";

const DASHES = {
  clinic_protocol: [],
  operator_scope: [8, 3],
  cleared_label: [2, 3],
  device_rating: [12, 3, 2, 3],
};
const NEAR_PX = 6;
export const GAP_PX_MIN = 3;
const WAVE_PX = 5;

/** Call with a pen clipped to the plot, in device pixels. */
export function drawn(plot, act) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.setLineDash([]);
  act(ctx, bbox, window.devicePixelRatio || 1);
  ctx.restore();
}

export function across(plot, ms) {
  return plot.valToPos(ms / 1000, "x", true);
}

export function visible(plot, ones) {
  const { min, max } = plot.scales.x;
  return ones.filter((one) => one.to_ms / 1000 >= min && one.from_ms / 1000 <= max);
}

/** Where the treatment protocol allows readings to be: a pale field. */
export function bands(scene, quantity) {
  return (plot) =>
    drawn(plot, (pen) => {
      pen.fillStyle = scene.theme.band;
      const { min, max } = plot.scales.y;
      for (const stretch of visible(plot, scene.recording.trace.stretches)) {
        const held = limitsOf(scene, stretch, quantity).filter((limit) => limit.envelope === "clinic_protocol");
        if (!held.length) continue;
        const uppers = held.filter((limit) => limit.side === "upper").map((limit) => limit.value);
        const lowers = held.filter((limit) => limit.side === "lower").map((limit) => limit.value);
        const from = plot.valToPos(Math.max(min, ...lowers), "y", true);
        const to = plot.valToPos(Math.min(max, ...uppers), "y", true);
        const left = across(plot, stretch.from_ms);
        pen.fillRect(left, Math.min(from, to), across(plot, stretch.to_ms) - left, Math.abs(to - from));
      }
    });
}

/** Between the least and the most of each window: what one stroke in between was nobody knows. */
export function ribbons(scene) {
  return (plot) => drawn(plot, (pen) => ribbon(plot, scene.recording.windows, pen, faded(scene.theme.ink, 0.26)));
}

/** Every limit as a line, each envelope with dashes of its own. */
export function limits(scene, quantity) {
  return (plot) =>
    drawn(plot, (pen, _, scale) => {
      for (const stretch of visible(plot, scene.recording.trace.stretches)) {
        for (const limit of limitsOf(scene, stretch, quantity)) {
          const y = Math.round(plot.valToPos(limit.value, "y", true));
          const isHovered = scene.hovered === limit;
          const isQuiet = !isHovered && ["device_rating", "clinic_protocol"].includes(limit.envelope);
          pen.strokeStyle = isQuiet ? scene.theme["line-strong"] : scene.theme.ink;
          pen.lineWidth = (isHovered ? 2.5 : 1) * scale;
          pen.setLineDash(DASHES[limit.envelope].map((length) => length * scale));
          pen.beginPath();
          pen.moveTo(across(plot, stretch.from_ms), y);
          pen.lineTo(across(plot, stretch.to_ms), y);
          pen.stroke();
        }
      }
    });
}

export function limitsOf(scene, stretch, quantity) {
  const { trace } = scene.recording;
  return stretch.limits.map((place) => trace.limits[place]).filter((limit) => limit.quantity === quantity);
}

/** The limit under the pointer, or undefined. */
export function limitAt(scene, plot, quantity) {
  const { left, top } = plot.cursor;
  if (left < 0 || top < 0) return undefined;
  const stretch = scene.recording.stretchAt(plot.posToVal(left, "x") * 1000);
  if (!stretch) return undefined;
  return limitsOf(scene, stretch, quantity)
    .map((limit) => [Math.abs(plot.valToPos(limit.value, "y") - top), limit])
    .filter(([away]) => away <= NEAR_PX)
    .sort((one, other) => one[0] - other[0])[0]?.[1];
}

/** Missing time is hatched, a pause is a quiet field, what came late has a dotted edge below. */
export function absences(scene) {
  return (plot) =>
    drawn(plot, (pen, box, scale) => {
      const { trace } = scene.recording;
      for (const pause of visible(plot, trace.pauses)) fill(plot, pen, box, pause, scene.theme.sunken);
      for (const gap of visible(plot, trace.gaps)) {
        fill(plot, pen, box, gap, scene.theme.surface, scale);
        fill(plot, pen, box, gap, gap.sort === "silent" ? scene.theme.hatchWide : scene.theme.hatch, scale);
      }
      if (scene.staleFromMs !== null) {
        const stale = { from_ms: scene.staleFromMs, to_ms: scene.view.wholeS[1] * 1000 };
        fill(plot, pen, box, stale, scene.theme.hatchWide, scale);
      }
    });
}

export function fill(plot, pen, box, span, style, scale = 1) {
  const left = across(plot, span.from_ms);
  const width = Math.max(across(plot, span.to_ms) - left, GAP_PX_MIN * scale);
  pen.fillStyle = style;
  pen.fillRect(left, box.top, width, box.height);
}

/** Late stretches dotted at the foot, doubtful spans with a wavy edge, rejected messages as ticks. */
export function doubts(scene) {
  return (plot) =>
    drawn(plot, (pen, box, scale) => {
      const { trace } = scene.recording;
      const foot = box.top + box.height - 2 * scale;
      pen.strokeStyle = scene.theme.ink;
      pen.lineWidth = 2 * scale;
      pen.setLineDash([2 * scale, 3 * scale]);
      for (const late of visible(plot, trace.late)) {
        pen.beginPath();
        pen.moveTo(across(plot, late.from_ms), foot);
        pen.lineTo(across(plot, late.to_ms), foot);
        pen.stroke();
      }
      pen.setLineDash([]);
      for (const doubt of visible(plot, trace.doubts)) wavy(plot, pen, box, doubt, scale);
      pen.lineWidth = 1.6 * scale;
      for (const mark of trace.rejected) {
        const x = across(plot, mark.at_ms);
        pen.beginPath();
        pen.moveTo(x, box.top + box.height);
        pen.lineTo(x, box.top + box.height - 9 * scale);
        pen.stroke();
      }
    });
}

function wavy(plot, pen, box, doubt, scale) {
  const height = WAVE_PX * scale;
  pen.lineWidth = 1.3 * scale;
  for (const ms of new Set([doubt.from_ms, doubt.to_ms])) {
    const x = across(plot, ms);
    pen.beginPath();
    for (let y = box.top; y <= box.top + box.height; y += scale) {
      const bend = x + Math.sin(((y - box.top) / (2 * height)) * Math.PI) * 2.5 * scale;
      if (y === box.top) pen.moveTo(bend, y);
      else pen.lineTo(bend, y);
    }
    pen.stroke();
  }
}

/** The readings that raised what is selected. */
export function selection(scene) {
  return (plot) =>
    drawn(plot, (pen, box, scale) => {
      const pin = scene.recording.trace.pins.find((one) => one.number === scene.view.finding);
      if (!pin) return;
      const colour = scene.theme[scene.priorities.get(pin.number)] ?? scene.theme.ink;
      const left = across(plot, pin.from_ms);
      const right = Math.max(across(plot, pin.to_ms), left + 2 * scale);
      pen.fillStyle = faded(colour, 0.1);
      pen.fillRect(left, box.top, right - left, box.height);
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5 * scale;
      for (const x of [left, right]) {
        pen.beginPath();
        pen.moveTo(x, box.top);
        pen.lineTo(x, box.top + box.height);
        pen.stroke();
      }
    });
}

/** Zones as blocks with their names, passes as numbers. */
export function zones(scene) {
  return (plot) =>
    drawn(plot, (pen, box, scale) => {
      const { ink, sunken, surface } = scene.theme;
      pen.textBaseline = "middle";
      pen.textAlign = "left";
      for (const stretch of visible(plot, scene.recording.trace.stretches)) {
        const left = across(plot, stretch.from_ms);
        const width = Math.max(across(plot, stretch.to_ms) - left, 1);
        pen.fillStyle = sunken;
        pen.fillRect(left, box.top, width, box.height);
        pen.fillStyle = surface;
        pen.fillRect(left + width - 2 * scale, box.top, 2 * scale, box.height);
        pen.fillStyle = ink;
        label(pen, stretch, Math.max(left, box.left), left + width, box.top + box.height / 2, scale);
      }
    });
}

function label(pen, stretch, left, right, y, scale) {
  const pass = stretch.pass_number === null ? "" : ` · ${stretch.pass_number}`;
  const room = right - left - 8 * scale;
  pen.font = `${12 * scale}px system-ui, sans-serif`;
  for (const text of [`${stretch.name}${pass}`, stretch.name, initials(stretch.name)]) {
    if (pen.measureText(text).width <= room) {
      pen.fillText(text, left + 4 * scale, y);
      return;
    }
  }
}

function initials(name) {
  const short = name.replace(/^left /, "L ").replace(/^right /, "R ");
  return short.length > 7 ? `${short.slice(0, 5)}.` : short;
}

/** Shots as lollipops: open is set, filled is delivered; stems begin at the foot or the skin line. */
export function lollipops(scene, setName, toldName) {
  return (plot) =>
    drawn(plot, (pen, box, scale) => {
      const { shots } = scene.recording;
      const { min, max } = plot.scales.x;
      const first = Math.max(0, lastAt(shots.at_ms, min * 1000));
      const last = lastAt(shots.at_ms, max * 1000);
      const spacing = box.width / Math.max(1, last - first + 1) / scale;
      const radius = Math.min(4, Math.max(1.4, spacing / 2.4)) * scale;
      const foot = plot.valToPos(Math.max(0, plot.scales.y.min), "y", true);
      for (let at = first; at <= last; at += 1) {
        const x = across(plot, shots.at_ms[at]);
        if (shots.is_withdrawn[at]) continue;
        const isTest = shots.is_test[at];
        pen.strokeStyle = isTest ? scene.theme["ink-soft"] : scene.theme.ink;
        pen.fillStyle = pen.strokeStyle;
        pen.lineWidth = scale;
        const told = height(plot, shots[toldName][at]);
        const set = setName === null ? null : height(plot, shots[setName][at]);
        if (setName !== null && told !== null) {
          pen.setLineDash(shots.is_late[at] || isTest ? [2 * scale, 2 * scale] : []);
          // Close together, stems would become a wall in front of the allowed field.
          pen.globalAlpha = Math.min(1, Math.max(0.12, spacing / 10));
          pen.beginPath();
          pen.moveTo(x, foot);
          pen.lineTo(x, told);
          pen.stroke();
          pen.setLineDash([]);
          pen.globalAlpha = 1;
        }
        if (set !== null) dot(pen, x, set, radius * 1.25, false);
        if (told !== null) dot(pen, x, told, radius, !isTest);
      }
    });
}

export function height(plot, value) {
  return value === null ? null : plot.valToPos(value, "y", true);
}

function dot(pen, x, y, radius, isFilled) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  if (isFilled) pen.fill();
  else pen.stroke();
}
