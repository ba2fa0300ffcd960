// Forms of a minute: what is entered is kept on this computer until it is sent, and then followed
// until the recorder has it. An empty field means unknown and is left out.

import { Problem, send } from "./api.js";
import { toLocal, toUtcMs } from "./clinic_time.js";
import { PAIRS, end, isReplacing, kept, show, watchCorrections } from "./replacing.js";
import { follow, problemWords, tell } from "./telling.js";
import { showLocalTimes } from "./times.js";

const LOOK_AGAIN_MS = 1_000;
const LOOKS_MAX = 15;
const REFRESH_MS = 30_000;

const page = document.querySelector("[data-clinic-page]");
const { clinic, zone } = page.dataset;

const READ = {
  number: (field) => Number(field.value),
  // A moment that was only taken over keeps its seconds, which the field does not show.
  local: ({ value, dataset: { exact } }) => (exact && toLocal(Number(exact), zone) === value ? Number(exact) : toUtcMs(value, zone)),
  numbers: (field) => Number(field.value),
};

// --- drafts --------------------------------------------------------------------------------------

const keyOf = (form) => `draft:${window.location.pathname}${window.location.search}:${form.id}`;

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && field.type !== "file");
}

function keepDraft(form) {
  const values = fieldsOf(form).map((field) => [
    field.name, field.value, ["radio", "checkbox"].includes(field.type) ? field.checked : null,
  ]);
  window.sessionStorage.setItem(keyOf(form), JSON.stringify(values));
}

function restoreDraft(form) {
  const kept = window.sessionStorage.getItem(keyOf(form));
  if (!kept) return;
  const fields = fieldsOf(form);
  for (const [name, value, checked] of JSON.parse(kept)) {
    if (checked === null) {
      const field = fields.find((one) => one.name === name);
      if (field) field.value = value;
    } else {
      const field = fields.find((one) => one.name === name && one.value === value);
      if (field) field.checked = checked;
    }
  }
  show(form);
  say(form, "not sent yet: kept on this computer", "waiting");
  form.closest("details")?.setAttribute("open", "");
}

function fillNow(form) {
  for (const field of form.querySelectorAll("input[data-now]")) if (!field.value) field.value = toLocal(Date.now(), zone);
}

// --- one form --------------------------------------------------------------------------------

function say(form, words, state) {
  const status = form.querySelector("[role=status]");
  status.textContent = words;
  status.dataset.state = state ?? "";
}

function put(facts, name, value) {
  const steps = name.split(".");
  const last = steps.pop();
  let at = facts;
  for (const step of steps) at = at[step] ??= {};
  at[last] = value;
}

async function digest(file) {
  const hash = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function keepImage(form, file) {
  const answer = await fetch(`/api/v1/photos/${clinic}?visit_id=${encodeURIComponent(form.dataset.visit)}`, {
    method: "PUT",
    headers: {
      accept: "application/json", "content-type": "application/octet-stream",
      "x-csrf-token": document.querySelector("meta[name=csrf-token]").content,
    },
    body: file,
  });
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, told?.title ?? (answer.status === 413 ? "the image is larger than 20 MB" : answer.statusText), told?.detail ?? "");
  return told;
}

async function factsOf(form) {
  const facts = {};
  if (form.dataset.kind) for (const [name, value] of kept(form)) put(facts, name, value);
  for (const field of form.elements) {
    if (!field.name || field.name.startsWith("replacing.") || field.matches(":disabled")) continue;
    if (field.type === "file") {
      const [file] = field.files;
      if (!file) continue;
      if (field.dataset.type === "image") Object.assign(facts, await keepImage(form, file));
      else facts[field.name] = await digest(file);
      continue;
    }
    if (["radio", "checkbox"].includes(field.type) && !field.checked) continue;
    if (field.value.trim() === "") continue;
    const pair = PAIRS[field.dataset.type];
    if (pair) {
      const [first, ...rest] = field.value.split(pair.between);
      put(facts, (field.dataset.under ?? "") + pair.names[0], first);
      put(facts, (field.dataset.under ?? "") + pair.names[1], rest.join(pair.between));
      continue;
    }
    const value = (READ[field.dataset.type] ?? ((one) => one.value.trim()))(field);
    if (field.dataset.type === "numbers") (facts[field.name] ??= []).push(value);
    else put(facts, field.name, value);
  }
  if (form.dataset.visit) facts.visit_id = form.dataset.visit;
  if (form.dataset.kind === "chart.plan") (facts.plan ??= {}).visit_id = form.dataset.visit;
  if ("moment" in form.dataset && !isReplacing(form) && !("fact_time_ms" in facts)) facts.fact_time_ms = Date.now();
  return facts;
}

async function submit(form) {
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    const { replaces, ...facts } = await factsOf(form);
    const words = (text, state) => say(form, text, state);
    if (form.dataset.kind) {
      const body = { about: form.dataset.about, documents: [{ kind: form.dataset.kind, facts, replaces }] };
      await told(form, () => tell(`/chart/${clinic}`, body, words));
    } else {
      const answer = await told(form, () => send("POST", form.dataset.path, { ...facts, replaces }));
      if (form.dataset.next) {
        window.location = `${form.dataset.next}/${answer.visit_id}`;
        return;
      }
      await follow(clinic, answer.told, words);
    }
    await lookAgain();
  } catch (problem) {
    say(form, problemWords(problem), "bad");
    pointAt(form, problem);
  } finally {
    button.disabled = false;
  }
}

/** Lead to the field that the console has named as wrong: `member.of.a.member: why`. */
function pointAt(form, { message }) {
  const name = /^[a-z_.]+(?=:)/.exec(message)?.[0];
  const field = name && fieldsOf(form).find((one) => one.type !== "hidden" && (one.name === name || one.name.startsWith(`${name}.`)));
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

/** Send; what was accepted is in the outbox and needs no draft any more. */
async function told(form, sending) {
  const kept = window.sessionStorage.getItem(keyOf(form));
  window.sessionStorage.removeItem(keyOf(form));
  try {
    const answer = await sending();
    if (isReplacing(form)) end(form);
    fillNow(form);
    return answer;
  } catch (problem) {
    if (kept) window.sessionStorage.setItem(keyOf(form), kept);
    throw problem;
  }
}

// --- what is known, as it comes ------------------------------------------------------------------

async function refresh() {
  const answer = await fetch(window.location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  let has_changed = false;
  for (const section of document.querySelectorAll("[data-refresh]")) {
    const other = fresh.getElementById(section.id);
    if (!other || other.innerHTML === section.dataset.shown) continue;
    has_changed ||= section.dataset.shown !== undefined;
    section.dataset.shown = other.innerHTML;
    section.innerHTML = other.innerHTML;
    showLocalTimes(section);
  }
  return has_changed;
}

/** The judge writes down what follows from a fact within a second or two. */
async function lookAgain() {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    await new Promise((done) => window.setTimeout(done, LOOK_AGAIN_MS));
    const is_settled = !(await refresh()) && look > 2 && !document.querySelector("[data-under-way]");
    if (is_settled) return;
  }
}

for (const section of document.querySelectorAll("[data-refresh]")) section.dataset.shown = section.innerHTML;
for (const form of document.querySelectorAll("form[data-tells]")) {
  fillNow(form);
  restoreDraft(form);
  form.addEventListener("input", () => keepDraft(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(form);
  });
}
watchCorrections(zone, (form) => {
  if (!form.elements["replacing.words"]) return;
  if (isReplacing(form)) keepDraft(form);
  else {
    window.sessionStorage.removeItem(keyOf(form));
    fillNow(form);
  }
  say(form, "", "");
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) void refresh().catch(() => {}); });
window.setInterval(() => { if (!document.hidden) void refresh().catch(() => {}); }, REFRESH_MS);
