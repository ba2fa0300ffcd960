// What corrections have withdrawn: still to be seen, and not to be taken for what counts.

import { GAP_PX_MIN, across, drawn, fill, height, visible } from "./session_layers.js";
import { lastAtOrBefore as lastAt } from "./session_recording.js";

/** Which column shows it, by plot; of shots it is what was delivered. */
const SHOWN = { depth: "median_mm", rate: "rate_hz", contact: "contact_fraction" };

/** Crosses over a pale ground, the word, and what had been told. */
export function withdrawn(scene, kind) {
  const columns = kind.shots ? "shots" : "windows";
  const name = kind.shots?.[1] ?? SHOWN[kind.name];
  return (plot) =>
    drawn(plot, (pen, box, scale) => {
      const { theme, recording } = scene;
      for (const one of visible(plot, recording.trace.withdrawn)) {
        fill(plot, pen, box, one, theme.crosses, scale);
        const left = across(plot, one.from_ms);
        const width = Math.max(across(plot, one.to_ms) - left, GAP_PX_MIN * scale);
        pen.strokeStyle = theme["ink-soft"];
        pen.lineWidth = scale;
        pen.setLineDash([4 * scale, 3 * scale]);
        pen.strokeRect(left, box.top, width, box.height);
        pen.setLineDash([]);
        if (kind.quantity === "depth") word(pen, "withdrawn", left, box, scale, theme);
      }
      const told = recording[columns];
      pen.strokeStyle = theme["ink-soft"];
      pen.lineWidth = 1.4 * scale;
      if (columns === "windows") pen.setLineDash([2 * scale, 2 * scale]);
      const [min, max] = [plot.scales.x.min * 1000, plot.scales.x.max * 1000];
      for (let at = Math.max(0, lastAt(told.at_ms, min)); at < told.at_ms.length && told.at_ms[at] <= max; at += 1) {
        if (!told.is_withdrawn[at] || told[name][at] === null) continue;
        const [x, y] = [across(plot, told.at_ms[at]), height(plot, told[name][at])];
        const end = columns === "windows" ? across(plot, told.at_ms[at] + told.length_ms[at]) : null;
        pen.beginPath();
        if (end !== null) pen.rect(x, y, Math.max(end - x, scale), 0);
        else cross(pen, x, y, 3.5 * scale);
        pen.stroke();
      }
    });
}

function word(pen, text, left, box, scale, theme) {
  pen.font = `600 ${11 * scale}px system-ui, sans-serif`;
  pen.textBaseline = "top";
  pen.textAlign = "left";
  const width = pen.measureText(text).width + 6 * scale;
  const at = Math.min(Math.max(left, box.left), box.left + box.width - width);
  pen.fillStyle = theme.surface;
  pen.fillRect(at, box.top, width, 15 * scale);
  pen.fillStyle = theme.ink;
  pen.fillText(text, at + 3 * scale, box.top + 2 * scale);
}

function cross(pen, x, y, reach) {
  pen.moveTo(x - reach, y - reach);
  pen.lineTo(x + reach, y + reach);
  pen.moveTo(x - reach, y + reach);
  pen.lineTo(x + reach, y - reach);
}
