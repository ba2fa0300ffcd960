// What a session's trace holds, laid out for drawing: seconds since its first document.

const WINDOW_NAMES = [
  "at_ms", "length_ms", "set_mm", "low_mm", "median_mm", "high_mm", "rate_hz", "contact_fraction",
  "is_late", "is_withdrawn",
];
const SHOT_NAMES = [
  "at_ms", "seq", "is_test", "set_mm", "reported_mm", "per_pin_set_mj", "per_pin_mj",
  "total_set_mj", "total_mj", "impedance_ohm", "temperature_celsius", "is_late", "is_withdrawn",
];
/** Of a window's length: a longer pause before the next one is not bridged. */
const BREAK_FRACTION = 0.5;

export class Recording {
  constructor() {
    this.windows = empty(WINDOW_NAMES);
    this.shots = empty(SHOT_NAMES);
    this.trace = null;
    this.lines = null;
  }

  /** Take a trace, or what has come since the last one. */
  take(trace) {
    if (trace.is_whole) {
      this.windows = trace.windows;
      this.shots = trace.shots;
    } else {
      this.windows = joined(this.windows, trace.windows, WINDOW_NAMES);
      this.shots = joined(this.shots, trace.shots, SHOT_NAMES);
    }
    this.trace = trace;
    this.lines = lines(this.windows);
  }

  get endS() {
    return (this.trace?.end_ms ?? 0) / 1000;
  }

  get hasWindows() {
    return this.windows.at_ms.length > 0;
  }

  get hasShots() {
    return this.shots.at_ms.length > 0;
  }

  /** Energies are shown as they are limited: for one pin, else in total. */
  get energyScope() {
    const limited = new Set(this.trace.limits.map((limit) => limit.quantity));
    const perPin = this.shots.per_pin_mj.some((value) => value !== null);
    return perPin && (limited.has("energy_per_pin") || !limited.has("energy_total")) ? "per_pin" : "total";
  }

  stretchAt(ms) {
    return this.trace.stretches.find((one) => one.from_ms <= ms && ms <= one.to_ms);
  }

  windowAt(ms) {
    const at = lastAtOrBefore(this.windows.at_ms, ms);
    return at >= 0 && ms < this.windows.at_ms[at] + this.windows.length_ms[at] ? at : -1;
  }

  /** The shot nearest to a time, within some milliseconds. */
  shotNear(ms, withinMs) {
    const times = this.shots.at_ms;
    const before = lastAtOrBefore(times, ms);
    const near = [before, before + 1].filter((at) => at >= 0 && at < times.length);
    near.sort((a, b) => Math.abs(times[a] - ms) - Math.abs(times[b] - ms));
    return near.length && Math.abs(times[near[0]] - ms) <= withinMs ? near[0] : -1;
  }
}

/** Return the last place whose value is not greater, or -1. */
export function lastAtOrBefore(values, wanted) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function empty(names) {
  return Object.fromEntries(names.map((name) => [name, []]));
}

function joined(before, more, names) {
  if (!more.at_ms.length) return before;
  const whole = Object.fromEntries(names.map((name) => [name, before[name].concat(more[name])]));
  const last = before.at_ms.at(-1) ?? -Infinity;
  if (more.at_ms[0] >= last) return whole;
  const order = whole.at_ms.map((_, place) => place).sort((a, b) => whole.at_ms[a] - whole.at_ms[b]);
  return Object.fromEntries(names.map((name) => [name, order.map((place) => whole[name][place])]));
}

/** Columns as uPlot wants them, with a row of nothing wherever time is missing. */
function lines(windows) {
  const found = { x: [], median: [], late: [], set: [], rate: [], contact: [] };
  const add = (x, median, late, set, rate, contact) => {
    found.x.push(x);
    found.median.push(median);
    found.late.push(late);
    found.set.push(set);
    found.rate.push(rate);
    found.contact.push(contact);
  };
  const nothing = [null, null, null, null, null];
  let end = null;
  // What stays as it is needs no corner: undefined is no gap, it is passed over.
  const held = { set: null, contact: null };
  const corner = (name, value) => {
    const isSame = value !== null && held[name] === value;
    held[name] = value;
    return isSame ? undefined : value;
  };
  for (let at = 0; at < windows.at_ms.length; at += 1) {
    const begin = windows.at_ms[at];
    const length = windows.length_ms[at];
    if (windows.is_withdrawn[at]) continue; // no line goes through it: its own layer shows it
    if (end !== null && begin - end > length * BREAK_FRACTION) {
      add(end / 1000, ...nothing);
      held.set = held.contact = null;
    }
    const isLate = windows.is_late[at];
    const median = windows.median_mm[at];
    add(
      begin / 1000, isLate ? null : median, isLate ? median : null,
      corner("set", windows.set_mm[at]), windows.rate_hz[at],
      corner("contact", windows.contact_fraction[at]),
    );
    end = begin + length;
  }
  if (end !== null) add(end / 1000, ...nothing);
  return found;
}
