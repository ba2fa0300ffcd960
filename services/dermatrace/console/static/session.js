// One session, live or finished: its readings, its findings on their axis, and how it goes on.

import { get } from "./api.js";
import { Follower } from "./session_follow.js";
import { Findings, Gaps, Pins } from "./session_findings.js";
import { Gestures } from "./session_gestures.js";
import { Plots } from "./session_plots.js";
import { Readout } from "./session_readout.js";
import { Recording } from "./session_recording.js";
import { onThemeChange, readTheme } from "./session_theme.js";
import { View } from "./session_view.js";

const root = document.getElementById("plots");
if (root) start();

function start() {
  const view = new View();
  const scene = {
    recording: new Recording(), view, theme: readTheme(), hovered: undefined, staleFromMs: null,
    priorities: new Map(),
  };
  const readout = new Readout(scene);
  const plots = new Plots(root, scene, (second, limit, nearS) => readout.tell(second, limit, nearS));
  const findings = new Findings(scene);
  const pins = new Pins(root, scene, plots, findings);
  const gaps = new Gaps(root, scene);
  new Gestures(root, scene, plots);
  plots.afterShow = () => pins.place();
  const said = document.getElementById("plots-said");

  const take = (trace) => {
    scene.recording.take(trace);
    view.extend(Math.min(0, ...trace.gaps.map((gap) => gap.from_ms)) / 1000, scene.recording.endS);
    findings.read();
    pins.build();
    gaps.build();
    plots.refresh();
    said.textContent = summary(scene.recording);
    said.hidden = said.textContent === "";
    root.dataset.drawn = String(trace.as_of_entry_id);
  };
  let isDue = false;
  view.addEventListener("change", () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      findings.mark();
      plots.show();
      for (const button of document.querySelectorAll("[data-view=last]")) {
        button.setAttribute("aria-pressed", String(view.isLast));
      }
    });
  });
  onThemeChange(() => {
    scene.theme = readTheme();
    if (scene.recording.trace) plots.refresh({ anew: true });
  });
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => act(view, button.dataset.view));
  }
  if (root.dataset.live) new Follower(root, scene, plots, take, { findings, pins });
  else {
    get(root.dataset.trace.replace("/api/v1", "")).then(take, (problem) => {
      said.textContent = `The readings could not be had: ${problem.message}`;
    });
  }
}

function act(view, what) {
  const moves = { earlier: () => view.move(-0.5), later: () => view.move(0.5), in: () => view.zoom(0.5), out: () => view.zoom(2) };
  (moves[what] ?? (() => view[what]()))();
}

/** What there is nothing to see of, in words. */
function summary(recording) {
  const { trace } = recording;
  if (!recording.hasWindows && !recording.hasShots) return "The device has told no reading yet: windows or shots will be drawn here.";
  return trace.is_cut ? "The session is longer than what is drawn here; all of it is on record and judged." : "";
}
