// Sends what somebody has entered and says how it stands: "recorded" only when the receipt has come.

import { Problem, get, send } from "./api.js";

const ASK_AGAIN_MS = 700;

/** Post to a path of the API and follow it until the recorder has spoken. `say` gets the words. */
export async function tell(path, body, say) {
  say("sending…", "waiting");
  const answer = await send("POST", path, body);
  await follow(path.split("/")[2], answer.told, say);
  return answer;
}

export async function follow(clinic, told, say) {
  say(...wordsOf(told));
  while (told.some((one) => one.state === "waiting")) {
    await new Promise((done) => window.setTimeout(done, ASK_AGAIN_MS));
    try {
      ({ told } = await get(`/chart/${clinic}/told/${told[0].stream_id}`));
    } catch (problem) {
      if (problem instanceof Problem) throw problem;
      say("waiting for the recorder: no connection to the console", "waiting");
      continue;
    }
    say(...wordsOf(told));
  }
  return told;
}

export function wordsOf(told) {
  const bad = told.find((one) => one.state === "rejected" || one.state === "lost");
  if (bad) return [`${bad.state}: ${bad.reason || "the recorder did not say why"}`, "bad"];
  const waiting = told.find((one) => one.state === "waiting");
  if (waiting) return [`waiting for the recorder${waiting.reason ? `: ${waiting.reason}` : ""}`, "waiting"];
  const slowest = Math.max(...told.map((one) => one.recorded_after_ms ?? -1));
  return [slowest < 0 ? "recorded" : `recorded after ${(slowest / 1_000).toFixed(1)} s`, "good"];
}

export function problemWords(problem) {
  if (problem instanceof Problem) return `not sent: ${problem.message} ${problem.detail}`.trim();
  return "not sent: no connection to the console. What you entered is kept on this page.";
}
