// What is under the pointer, in words and numbers, in one line that does not move.

import { clock } from "./session_plots.js";

export class Readout {
  constructor(scene) {
    this.scene = scene;
    this.line = document.getElementById("readout");
    this.resting = this.line.textContent;
  }

  tell(second, limit, nearS = 0) {
    if (second === null) {
      this.line.textContent = this.resting;
      return;
    }
    this.line.textContent = limit ? limit.words : this.words(second * 1000, nearS * 1000);
  }

  words(ms, nearMs) {
    const { recording } = this.scene;
    const { trace } = recording;
    const parts = [clock(Math.floor(ms / 100) / 10) + this.wall(ms)];
    const inside = (one) => one.from_ms <= ms + nearMs / 2 && ms - nearMs / 2 <= one.to_ms;
    const gap = trace.gaps.find(inside);
    const stretch = recording.stretchAt(ms);
    if (stretch && !gap) parts.push(stretch.name + (stretch.pass_number === null ? "" : `, pass ${stretch.pass_number}`));
    if (gap) parts.push(gap.words);
    else if (recording.hasWindows) parts.push(...this.window(ms));
    if (!gap && recording.hasShots) parts.push(...this.shot(ms, nearMs));
    parts.push(...trace.withdrawn.filter(inside).map((one) => one.words));
    if (trace.late.some(inside)) parts.push("arrived late");
    if (trace.pauses.some(inside)) parts.push("paused");
    parts.push(...trace.doubts.filter(inside).map((doubt) => doubt.words));
    parts.push(...trace.rejected.filter((mark) => Math.abs(mark.at_ms - ms) <= nearMs).map((mark) => mark.words));
    parts.push(...trace.events.filter((mark) => Math.abs(mark.at_ms - ms) <= nearMs).map((mark) => mark.words));
    return parts.join(" · ");
  }

  window(ms) {
    const { recording } = this.scene;
    const at = recording.windowAt(ms);
    if (at < 0) return [];
    const { set_mm: set, low_mm: low, median_mm: median, high_mm: high, rate_hz: rate, contact_fraction: contact } = recording.windows;
    const parts = [`set ${depth(set[at])}`];
    if (median[at] === null) parts.push("no reading on skin");
    else parts.push(`reported ${depth(median[at])}${low[at] === null ? "" : ` (${low[at].toFixed(2)} to ${high[at].toFixed(2)})`}`);
    if (rate[at] !== null) parts.push(`${rate[at].toFixed(1)} Hz`);
    if (contact[at] !== null) parts.push(`contact ${Math.round(contact[at] * 100)} %`);
    return parts;
  }

  shot(ms, nearMs) {
    const { recording } = this.scene;
    const at = recording.shotNear(ms, nearMs);
    if (at < 0) return [];
    const { shots, energyScope: scope } = recording;
    const unit = scope === "per_pin" ? "mJ a pin" : "mJ";
    const parts = [`${shots.is_test[at] ? "test shot" : "shot"}, document ${shots.seq[at]}`];
    parts.push(`set ${depth(shots.set_mm[at])}`, `reported ${depth(shots.reported_mm[at])}`);
    const [set, told] = [shots[`${scope}_set_mj`][at], shots[`${scope}_mj`][at]];
    if (told !== null) parts.push(`delivered ${told.toFixed(1)}${set === null ? "" : ` of ${set.toFixed(1)}`} ${unit}`);
    if (shots.impedance_ohm[at] !== null) parts.push(`${Math.round(shots.impedance_ohm[at])} Ω`);
    if (shots.temperature_celsius[at] !== null) parts.push(`${shots.temperature_celsius[at].toFixed(0)} °C`);
    return parts;
  }

  /** The time on the device's clock as the visitor's clock would show it. */
  wall(ms) {
    const { origin_ms: origin } = this.scene.recording.trace;
    if (origin === null) return "";
    return ` · ${new Date(origin + ms).toLocaleTimeString("en-GB")}`;
  }
}

function depth(value) {
  return value === null ? "unknown" : `${value.toFixed(2)} mm`;
}
