// What every page does: times by the visitor's own clock, keys, the theme, and whether the
// console still answers.

import { watchConnection } from "./connection.js";
import { listenForKeys } from "./keys.js";
import { showLocalTimes } from "./times.js";
import { offerThemes } from "./theme.js";

showLocalTimes(document);
listenForKeys();
offerThemes();
if (document.documentElement.dataset.signedIn === "yes") watchConnection();

for (const form of document.querySelectorAll("form[data-sure]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.sure)) event.preventDefault();
  });
}
for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
