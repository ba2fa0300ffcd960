// The colours of the sheet, for what is drawn on canvas.

const NAMES = [
  "ink", "ink-soft", "line", "line-strong", "surface", "sunken", "band", "high", "medium", "low",
];

export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const theme = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  theme.hatch = hatch(theme["line-strong"], 7);
  theme.hatchWide = hatch(theme.line, 12);
  theme.crosses = crosses(theme["ink-soft"], theme.surface, 10);
  return theme;
}

export function faded(hex, opacity) {
  return `${hex}${Math.round(opacity * 255).toString(16).padStart(2, "0")}`;
}

export function onThemeChange(act) {
  document.addEventListener("dermatrace:theme", act);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
}

function crosses(colour, ground, step) {
  const scale = window.devicePixelRatio || 1;
  const size = Math.round(step * scale);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.fillStyle = faded(ground, 0.7);
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = faded(colour, 0.7);
  pen.lineWidth = Math.max(1, scale);
  pen.beginPath();
  pen.moveTo(size * 0.3, size * 0.3);
  pen.lineTo(size * 0.7, size * 0.7);
  pen.moveTo(size * 0.7, size * 0.3);
  pen.lineTo(size * 0.3, size * 0.7);
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function hatch(colour, step) {
  const scale = window.devicePixelRatio || 1;
  const size = Math.round(step * scale);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = Math.max(1, scale);
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}
