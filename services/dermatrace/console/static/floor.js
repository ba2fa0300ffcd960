// The floor, live: takes in which tiles have changed, and lets every number grow old by itself.

import { connectionHeard, connectionLost } from "./connection.js";
import { acknowledge } from "./seen.js";
import { showLocalTimes } from "./times.js";

const HEARD_WITHIN_MS = 4_000; // the console tells every second
const TICK_MS = 200;
const AGAIN_AFTER_MS = 1_000;
const PIECES = /([<>"])/; // as the console cuts a line: of a known tile only what is other comes

const floor = document.getElementById("floor");
let heardAt = performance.now();
let aheadMs = Number(floor.dataset.nowMs) - heardAt;
let source = null;
const linesOf = new Map(); // of each tile, in pieces, as it was told last

function listen() {
  source?.close();
  source = new EventSource("/floor/live");
  source.addEventListener("floor", (event) => take(JSON.parse(event.data)));
  source.addEventListener("again", listen);
  source.addEventListener("error", () => {
    connectionLost();
    if (source.readyState === EventSource.CLOSED) window.setTimeout(listen, AGAIN_AFTER_MS);
  });
}

function take(told) {
  heardAt = performance.now();
  aheadMs = told.now_ms - heardAt;
  connectionHeard();
  for (const [key, what] of Object.entries(told.tiles)) put(key, htmlOf(key, what));
  if (told.order) arrange(told.order);
  document.getElementById("lacks-findings").hidden = !told.lacks_findings || !floor.childElementCount;
  document.getElementById("floor-empty").hidden = floor.childElementCount > 0;
  tick();
}

/** Return a tile that is told whole, or by its lines and pieces that have changed. */
function htmlOf(key, what) {
  const isWhole = typeof what === "string";
  const lines = isWhole ? what.split("\n").map((line) => line.split(PIECES)) : linesOf.get(key);
  linesOf.set(key, lines);
  if (isWhole) return what;
  for (const [at, place, piece] of what) {
    if (piece === undefined) lines[at] = place.split(PIECES);
    else lines[at][place] = piece;
  }
  return lines.map((line) => line.join("")).join("\n");
}

function tileOf(key) {
  return [...floor.children].find((tile) => tile.dataset.key === key);
}

function put(key, html) {
  const made = document.createElement("template");
  made.innerHTML = html.trim();
  const fresh = made.content.firstElementChild;
  const tile = tileOf(key);
  sayIfGraver(tile, fresh);
  showLocalTimes(fresh);
  if (tile) become(tile, fresh);
  else floor.append(fresh);
}

function arrange(order) {
  for (const tile of [...floor.children]) if (!order.includes(tile.dataset.key)) tile.remove();
  order.forEach((key, place) => {
    const tile = tileOf(key);
    if (tile && floor.children[place] !== tile) floor.insertBefore(tile, floor.children[place]);
  });
}

/** Make a node like another one and keep what is equal, so that focus and selection stay. */
function become(node, other) {
  if (node.nodeType !== other.nodeType || node.nodeName !== other.nodeName) {
    node.replaceWith(other);
    return;
  }
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== other.data) node.data = other.data;
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name } of [...node.attributes]) if (!other.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of other.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  const wanted = [...other.childNodes];
  while (node.childNodes.length > wanted.length) node.lastChild.remove();
  wanted.forEach((child, place) => {
    if (node.childNodes[place]) become(node.childNodes[place], child);
    else node.append(child);
  });
}

const RANKS = ["low", "medium", "high"];

function rank(tile) {
  return tile ? RANKS.findIndex((name) => tile.classList.contains(`raised-${name}`)) : -1;
}

function sayIfGraver(before, after) {
  if (rank(after) <= rank(before)) return;
  const title = after.querySelector("h2")?.textContent.trim();
  const sentence = after.querySelector("[data-finding]")?.textContent ?? "";
  document.getElementById("floor-said").textContent = `${title}: ${RANKS[rank(after)]} finding. ${sentence}`;
}

function ageText(ms) {
  const age = Math.max(0, ms);
  if (age < 10_000) return `${(age / 1_000).toFixed(1)} s`;
  if (age < 120_000) return `${Math.floor(age / 1_000)} s`;
  if (age < 7_200_000) return `${Math.floor(age / 60_000)} min`;
  return `${Math.floor(age / 3_600_000)} h`;
}

function tick() {
  const now = performance.now();
  const isHeard = now - heardAt < HEARD_WITHIN_MS;
  floor.classList.toggle("unheard", !isHeard);
  if (!isHeard) connectionLost();
  const nowMs = now + aheadMs;
  for (const tile of floor.querySelectorAll("[data-told-ms]")) {
    const age = nowMs - Number(tile.dataset.toldMs);
    tile.classList.toggle("is-old", age > Number(tile.dataset.staleAfterMs));
    write(tile.querySelector(".age"), ageText(age));
  }
  for (const reading of floor.querySelectorAll("[data-reading-ms]")) {
    const age = nowMs - Number(reading.dataset.readingMs);
    reading.classList.toggle("is-old", age > Number(reading.dataset.oldAfterMs));
    write(reading.querySelector(".age-of-reading"), ageText(age));
  }
}

function write(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

floor.addEventListener("click", (event) => {
  const button = event.target.closest("button.seen");
  if (button) acknowledge(button);
});
tick();
window.setInterval(tick, TICK_MS);
listen();
