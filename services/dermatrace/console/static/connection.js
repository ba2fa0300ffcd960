// Tells every part of a page whether the console answers. While it does not, the page says so and
// whatever is marked `live` is drawn as stale: nothing old may look live.

const ASK_EVERY_MS = 5_000;
const ASK_AGAIN_MS = 1_000; // while it does not answer
const ANSWER_WAIT_MS = 4_000;

/** Call when a stream of events breaks: quicker than the next question would notice. */
export function connectionLost() {
  set("lost");
}

/** Call when something has been heard from the console. */
export function connectionHeard() {
  set("ok");
}

export function isConnected() {
  return document.documentElement.dataset.connection !== "lost";
}

export function watchConnection() {
  const ask = async () => {
    try {
      const answer = await fetch("/api/v1/pulse", {
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_WAIT_MS),
      });
      if (answer.status === 401) window.location.reload();
      set(answer.ok ? "ok" : "lost");
    } catch {
      set("lost");
    }
    window.setTimeout(ask, isConnected() ? ASK_EVERY_MS : ASK_AGAIN_MS);
  };
  window.setTimeout(ask, ASK_EVERY_MS);
  window.addEventListener("offline", () => set("lost"));
}

function set(state) {
  const root = document.documentElement;
  if (root.dataset.connection === state) return;
  const before = root.dataset.connection;
  root.dataset.connection = state;
  const live = document.getElementById("connection-said");
  if (live && (before === "lost" || state === "lost")) {
    live.textContent = state === "lost" ? "Connection to the console lost." : "Connected again.";
  }
  document.dispatchEvent(new CustomEvent("dermatrace:connection", { detail: state }));
}
