// "Seen, because…": asks once, sends it, and says when the recorder has it.

import { Problem } from "./api.js";
import { tell } from "./telling.js";

const dialog = document.getElementById("seen-dialog");

export function acknowledge(button) {
  const { clinic, sender, session, numbers, sentence, count } = button.dataset;
  const more = Number(count) > 1 ? ` And ${Number(count) - 1} more.` : "";
  document.getElementById("seen-what").textContent = sentence + more;
  const detail = document.getElementById("seen-detail");
  detail.value = "";
  dialog.returnValue = "cancel";
  dialog.showModal();
  dialog.addEventListener(
    "close",
    async () => {
      if (dialog.returnValue !== "seen") return;
      const told = document.getElementById("told");
      try {
        await tell(
          `/chart/${clinic}/sessions/${sender}/${session}/seen`,
          { numbers: numbers.split(",").map(Number), detail: detail.value.trim() || null },
          (words) => (told.textContent = words),
        );
        window.setTimeout(() => (told.textContent = ""), 6_000);
      } catch (problem) {
        told.textContent = problem instanceof Problem ? `${problem.message} ${problem.detail}` : "Not sent: no connection. Try again.";
      }
    },
    { once: true },
  );
}
