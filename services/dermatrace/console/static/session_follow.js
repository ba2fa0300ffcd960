// A session that runs: what comes is drawn where it belongs, without moving what somebody looks at.

import { connectionHeard, connectionLost, isConnected } from "./connection.js";
import { showLocalTimes } from "./times.js";

const AGAIN_MS = 3_000;
const TICK_MS = 500;
/** Twice the longest time in which a running session tells something. */
const STALE_MS = 10_000;
/** As the floor counts: then the connection or the device is gone. */
const INTERRUPTED_MS = 60_000;
const READ_AGAIN_MS = 30_000;
const STALE_ROOM = 0.08;
const STALE_ROOM_S_MIN = 2;

export class Follower {
  constructor(root, scene, plots, take, { findings, pins }) {
    this.root = root;
    this.scene = scene;
    this.plots = plots;
    this.take = take;
    this.findings = findings;
    this.pins = pins;
    this.told = null;
    this.heard = null;
    this.readMs = Date.now();
    this.knownSeq = null;
    this.fromPage();
    this.open();
    setInterval(() => this.tick(), TICK_MS);
  }

  /** Until something is heard: how old the page says the last reading is. */
  fromPage() {
    const mark = document.querySelector(".freshness[data-heard-ms]");
    if (!mark) return;
    this.heard = { atMs: Date.now(), ageMs: Number(mark.dataset.nowMs) - Number(mark.dataset.heardMs), status: mark.dataset.status };
    this.tick();
  }

  open() {
    const source = new EventSource(this.root.dataset.live);
    source.addEventListener("trace", (event) => {
      connectionHeard();
      this.take(JSON.parse(event.data));
    });
    source.addEventListener("standing", (event) => {
      connectionHeard();
      this.stands(JSON.parse(event.data), source);
    });
    source.addEventListener("error", () => {
      connectionLost();
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.open(), AGAIN_MS);
    });
  }

  stands(standing, source) {
    this.heard = { atMs: Date.now(), ageMs: standing.now_ms - standing.last_received_ms, status: standing.status };
    this.tick();
    for (const [name, value] of [["settled", standing.settled_seq], ["known", standing.known_seq]]) {
      const place = document.querySelector(`[data-${name}]`);
      if (place) place.textContent = value.toLocaleString("en-GB");
    }
    // Numbers by zone grow with every document; what is found, or said, is shown at once.
    const isOld = Date.now() - this.readMs > READ_AGAIN_MS && standing.known_seq !== this.knownSeq;
    if ((this.told !== null && this.told !== standing.told) || isOld) this.readAgain();
    this.told = standing.told;
    if (!standing.is_open) {
      source.close();
      this.isOver = true;
      this.readAgain();
    }
  }

  /** Take over what the page says by now, all but the plots. */
  async readAgain() {
    this.readMs = Date.now();
    this.knownSeq = Number(document.querySelector("[data-known]")?.textContent.replaceAll(",", ""));
    const answer = await fetch(this.root.dataset.page, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const other = page.getElementById(part.id);
      if (other) part.replaceChildren(...document.importNode(other, true).childNodes);
    }
    showLocalTimes(document);
    this.findings.read();
    this.findings.mark();
    if (this.scene.recording.trace) this.pins.build();
    this.fromPage();
  }

  /** Say how old the newest reading is, and hatch the time since it is too old. */
  tick() {
    const mark = document.querySelector(".freshness");
    const panel = this.root.closest(".plots");
    if (!mark || !this.heard || this.isOver) {
      panel?.classList.remove("is-stale");
      this.scene.staleFromMs = null;
      return;
    }
    const { status } = this.heard;
    const ageMs = this.heard.ageMs + Date.now() - this.heard.atMs;
    const isStale = ageMs > STALE_MS;
    const fresh = status === "paused" ? "paused" : "live";
    const broken = ageMs > INTERRUPTED_MS ? "interrupted" : "";
    const words = status === "stopped" ? "stopped" : isStale ? broken : fresh;
    if (!isConnected()) mark.textContent = `not live, heard ${age(ageMs)} ago`;
    else mark.textContent = isStale ? `${words ? `${words}, ` : ""}no data for ${age(ageMs)}` : `${words} ${age(ageMs)}`;
    mark.classList.toggle("is-live", !isStale && isConnected() && status === "running");
    mark.classList.toggle("is-stale", isStale || !isConnected());
    panel?.classList.toggle("is-stale", isStale);
    const { recording, view } = this.scene;
    const from = isStale && status !== "stopped" && recording.trace ? recording.endS * 1000 : null;
    if (from === this.scene.staleFromMs) return;
    this.scene.staleFromMs = from;
    // Room for what is missing; how long it lasts is said in words, or it would push the rest away.
    const [begin] = view.wholeS;
    view.extend(begin, recording.endS + (from === null ? 0 : Math.max(STALE_ROOM_S_MIN, (recording.endS - begin) * STALE_ROOM)));
    this.plots.redraw();
  }
}

function age(ms) {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.floor(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.floor(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.floor(ms / 3_600_000)} h` : `${Math.floor(ms / 86_400_000)} days`;
}
