// The colours of the sheet, for what is drawn on canvas.

const NAMES = [
  "ink", "ink-soft", "line", "line-strong", "surface", "sunken", "band", "high", "medium", "low",
];

export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const theme = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  theme.hatch = hatch(theme["line-strong"], 7);
  theme.hatchWide = hatch(theme.line, 12);
  return theme;
}

export function faded(hex, opacity) {
  return `${hex}${Math.round(opacity * 255).toString(16).padStart(2, "0")}`;
}

export function onThemeChange(act) {
  document.addEventListener("dermatrace:theme", act);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
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
