// Lines that end where readings end. uPlot's own reach a pixel or two into a gap; ours never do.
// Where several windows fall on one pixel, the pixel shows all they cover, so no extreme is lost.

import uPlot from "./vendor/uplot-1.6.32.js";
import { lastAtOrBefore } from "./session_recording.js";

/** A path from reading to reading; null ends it, undefined is passed over. */
export function broken({ isStepped = false, isFilled = false } = {}) {
  return (plot, seriesAt, first, last) => {
    const [xs, ys] = [plot.data[0], plot.data[seriesAt]];
    const [across, down] = [mapped(plot, "x"), mapped(plot, "y")];
    const hand = new Hand(isFilled ? down(plot.scales.y.min) : null);
    let at = first;
    while (at > 0 && ys[at] === undefined) at -= 1;
    const end = Math.min(xs.length - 1, last + 1);
    for (; at <= end; at += 1) {
      if (ys[at] === undefined) continue;
      const x = across(xs[at]);
      if (isStepped) hand.hold(x);
      if (ys[at] === null) hand.lift();
      else hand.to(x, down(ys[at]));
    }
    hand.lift();
    return { stroke: hand.stroke, fill: hand.fill, clip: null, band: null, gaps: null, flags: uPlot.BAND_CLIP_FILL };
  };
}

/** From a value to its place in device pixels; uPlot's own asks more each time. */
function mapped(plot, scale) {
  const { min, max, dir } = plot.scales[scale];
  const { left, top, width, height } = plot.bbox;
  if (scale === "x") return (value) => left + ((value - min) / (max - min)) * width;
  const share = (value) => (value - min) / (max - min);
  return dir === -1 ? (value) => top + share(value) * height : (value) => top + (1 - share(value)) * height;
}

/** Draws along, and of what lies on one pixel only how it begins, its extremes, how it ends. */
class Hand {
  constructor(foot) {
    this.stroke = new Path2D();
    this.fill = foot === null ? null : new Path2D();
    this.foot = foot;
    this.isDown = false;
  }

  to(x, y) {
    if (!this.isDown) {
      this.stroke.moveTo(x, y);
      this.fill?.moveTo(x, this.foot);
      this.fill?.lineTo(x, y);
      this.from = x;
      this.isDown = true;
      this.begin(x, y);
    } else if (x - this.pixel < 1) {
      this.low = Math.min(this.low, y);
      this.high = Math.max(this.high, y);
      this.isBent = true;
    } else {
      this.flush();
      this.line(x, y);
      this.begin(x, y);
    }
    this.x = x;
    this.y = y;
  }

  /** Go straight on to a place, if the pen is down. */
  hold(x) {
    if (this.isDown) this.to(x, this.y);
  }

  lift() {
    if (!this.isDown) return;
    this.flush();
    this.fill?.lineTo(this.x, this.foot);
    this.fill?.lineTo(this.from, this.foot);
    this.fill?.closePath();
    this.isDown = false;
  }

  begin(x, y) {
    this.pixel = x;
    this.low = this.high = y;
    this.isBent = false;
  }

  flush() {
    if (!this.isBent) return;
    this.line(this.pixel, this.low);
    this.line(this.pixel, this.high);
    this.line(this.x, this.y);
  }

  line(x, y) {
    this.stroke.lineTo(x, y);
    this.fill?.lineTo(x, y);
  }
}

/** From the least to the most of each window, pixel by pixel. */
export function ribbon(plot, windows, pen, colour) {
  const { min, max } = plot.scales.x;
  const [across, down] = [mapped(plot, "x"), mapped(plot, "y")];
  const first = Math.max(0, lastAtOrBefore(windows.at_ms, min * 1000));
  const last = lastAtOrBefore(windows.at_ms, max * 1000);
  pen.fillStyle = colour;
  let [left, right, low, high] = [null, null, 0, 0];
  const flush = () => {
    if (left === null) return;
    const top = Math.min(low, high);
    pen.fillRect(left, top, Math.max(1, right - left), Math.max(1, Math.abs(high - low)));
    left = null;
  };
  for (let at = first; at <= last; at += 1) {
    if (windows.low_mm[at] === null || windows.high_mm[at] === null || windows.is_withdrawn[at]) continue;
    const begin = Math.round(across(windows.at_ms[at] / 1000));
    const end = Math.round(across((windows.at_ms[at] + windows.length_ms[at]) / 1000));
    const [y0, y1] = [down(windows.low_mm[at]), down(windows.high_mm[at])];
    if (left !== null && begin < left + 1) {
      low = Math.min(low, y0, y1);
      high = Math.max(high, y0, y1);
      right = Math.max(right, end);
      continue;
    }
    flush();
    [left, right, low, high] = [begin, end, Math.min(y0, y1), Math.max(y0, y1)];
  }
  flush();
}
