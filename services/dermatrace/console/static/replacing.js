// Corrections: a fact that was entered is taken up again in its own form, and what is sent then holds
// in its place. What the form has no field for goes along as it was.

import { toLocal } from "./clinic_time.js";

/** Fields that tell two members at once: which, and what stands between their values. */
export const PAIRS = {
  protocol: { names: ["protocol_id", "protocol_version"], between: " " },
  session: { names: ["session.sender", "session.stream_id"], between: "/" },
};
const KEY = { sender: "sender", stream_class: "streamClass", stream_id: "streamId", seq: "seq" };

const box = (form) => form.querySelector("fieldset.replacing");

/** What a form in which something is replaced takes over, by the members' names. */
export function kept(form) {
  const field = form.elements["replacing.kept"];
  return field && !field.matches(":disabled") ? JSON.parse(field.value || "[]") : [];
}

export function isReplacing(form) {
  return box(form) !== null && !box(form).disabled;
}

/** Take a fact up again in a form. */
function begin(form, button, zone) {
  form.reset();
  for (const [name, told] of Object.entries(KEY)) form.elements[`replaces.earlier.${name}`].value = button.dataset[told];
  form.elements["replacing.words"].value = button.dataset.words;
  form.elements["replacing.kept"].value = JSON.stringify([...fill(form, JSON.parse(button.dataset.said), zone)]);
  show(form);
  form.elements["replaces.reason"].focus();
}

/** Show what is being replaced; after a reload as well. */
export function show(form) {
  if (!form.elements["replaces.earlier.seq"]?.value) return;
  const fieldset = box(form);
  fieldset.hidden = fieldset.disabled = false;
  const carried = kept(form).map(([name]) => name).filter((name) => !["fact_time_ms", "visit_id"].includes(name));
  fieldset.querySelector("[data-words]").textContent = form.elements["replacing.words"].value
    + (carried.length && form.dataset.kind ? ` (kept as it was, unless chosen anew: ${carried.map((name) => name.replaceAll(/[._]/g, " ")).join(", ")})` : "");
  for (const field of form.querySelectorAll("input[type=file]")) field.required = false;
  form.closest("details").open = true;
}

export function end(form) {
  const fieldset = box(form);
  fieldset.hidden = fieldset.disabled = true;
  form.reset();
  for (const field of fieldset.querySelectorAll("input")) field.value = "";
  for (const field of form.querySelectorAll("input[data-type=image]")) field.required = true;
}

/** Put what was told into the fields; return the members that have none. */
function fill(form, said, zone) {
  const told = leaves(said, "");
  const left = new Map(told);
  for (const field of form.elements) {
    if (!field.name || /^replac/.test(field.name) || ["file", "checkbox"].includes(field.type)) continue;
    const pair = PAIRS[field.dataset.type];
    const names = pair ? pair.names.map((name) => (field.dataset.under ?? "") + name) : [field.name];
    const value = told.has(names[0]) ? names.map((name) => told.get(name) ?? "").join(pair?.between) : "";
    for (const name of names) left.delete(name);
    if (field.type === "radio") field.checked = field.value === value;
    else if (field.type === "hidden") field.value = value || field.value;
    else if (field.dataset.type === "local") {
      field.dataset.exact = value;
      field.value = value === "" ? "" : toLocal(Number(value), zone);
    } else {
      if (field.tagName === "SELECT" && ![...field.options].some((one) => one.value === value)) field.add(new Option(value, value));
      field.value = value;
    }
  }
  return left;
}

function leaves(said, before) {
  const found = new Map();
  for (const [name, value] of Object.entries(said)) {
    const isInner = value !== null && typeof value === "object" && !Array.isArray(value);
    for (const [inner, leaf] of isInner ? leaves(value, `${before}${name}.`) : [[before + name, value]]) found.set(inner, leaf);
  }
  return found;
}

/** Answer the buttons beside facts; `changed` is told of every form that is filled or emptied. */
export function watchCorrections(zone, changed) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-replace], button[data-replace-not], button[data-withdraw]");
    if (!button) return;
    const form = button.form ?? document.getElementById(button.dataset.replace ?? "correction");
    if ("replaceNot" in button.dataset) end(form);
    else if (button.dataset.replace) begin(form, button, zone);
    else {
      form.closest("details").open = true;
      for (const [name, told] of Object.entries(KEY)) form.elements[`earlier.${name}`].value = button.dataset[told];
      form.elements.reason.focus();
    }
    changed(form);
  });
}
