// Words are saved when their field is left. What is pressed next waits until that is answered, and is then what the fresh
// page offers: nobody approves an edition a moment before his own words take the approval back. Without this file each
// form has a button that saves it.

import { known, OPERATED } from "./desk.js";

const forms = () => [...document.querySelectorAll("form[data-saves][hx-post]")];
const fields = (form) => [...form.elements].filter((each) => each.matches("textarea, select, input:not([type=hidden])"));
const said = (field) => (field.type === "checkbox" ? `${field.checked}` : field.value);
const first = (field) => (field.type === "checkbox" ? `${field.defaultChecked}` : field.defaultValue);
const answered = new WeakMap();
const unsaved = (field) => said(field) !== (answered.get(field) ?? first(field));
const mark = (form) => {
  fields(form).forEach((each) => each.closest(".field")?.toggleAttribute("data-unsaved", unsaved(each)));
  form.toggleAttribute("data-unsaved", fields(form).some(unsaved));
};
let last = null;
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    if (!event.target.form?.matches("[data-saves][hx-post]")) return;
    last = event.target;
    mark(last.form);
  });
}

// What is on its way, with what each field said when it went.
const going = new Map();
const changes = (config) => config.verb === "post" && config.elt.matches("form, button");
document.addEventListener("htmx:beforeSend", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (!changes(requestConfig)) return;
  const form = requestConfig.elt.closest("form");
  going.set(xhr, form?.matches("[data-saves]") ? fields(form).map((each) => [each, said(each)]) : []);
  form?.removeAttribute("data-failed");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { requestConfig, xhr } = event.detail;
  const sent = going.get(xhr);
  if (!sent) return;
  going.delete(xhr);
  if (xhr.status >= 200 && xhr.status < 300) sent.forEach(([field, text]) => answered.set(field, text));
  else if (![409, 422].includes(xhr.status)) requestConfig.elt.closest("form")?.setAttribute("data-failed", "");
  // Its button goes away under the focus.
  if (document.activeElement?.closest(".not-saved")) last?.focus();
  forms().forEach(mark);
});

const pending = () => going.size > 0 || forms().some((form) => fields(form).some(unsaved));
const quiet = async () => {
  // A request that waited for the one before begins in the same turn as that one's end.
  do await new Promise((resolve) => setTimeout(resolve, 20));
  while (going.size);
};
/** Saves all that is written; false when something of it was refused, or nobody answered. */
export const saved = async () => {
  if (!pending()) return true;
  if (going.size) await quiet();
  forms().filter((form) => fields(form).some(unsaved)).forEach((form) => form.requestSubmit());
  await quiet();
  return !pending();
};

// The bar is looked up now and then; not while it is about to come with the answer to a save.
for (const kind of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(kind, (event) => {
    if (event.detail.requestConfig.elt.id !== "bar" || !pending()) return;
    if (kind === "htmx:beforeSwap") event.detail.shouldSwap = false;
    else event.preventDefault();
  });
}

// An edition that went out takes no words any more: its page comes anew without fields, unless some are written in it.
document.addEventListener("htmx:afterSwap", () => {
  if (document.querySelector("#bar[data-closed]") && forms().length && !pending()) location.reload();
});

const control = (target) => target.closest?.("a[href], button");
const twin = (name) => [...document.querySelectorAll(OPERATED)].find((each) => !each.disabled && known(each) === name);
const leaves = (each) => each.matches("a") ? !each.target && !each.getAttribute("href").startsWith("#") : each.type === "submit";
document.addEventListener(
  "click",
  (event) => {
    const pressed = control(event.target);
    if (!pressed || !leaves(pressed) || pressed.dataset.dialog || pressed.form?.matches("[data-saves]")) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button || !pending()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const name = known(pressed);
    saved().then((all) => {
      const now = pressed.isConnected ? pressed : twin(name);
      if (all && now) now.click();
      // What is refused (the edition went out meanwhile) holds nobody: the browser asks whether the words may go.
      else if (now?.matches("a")) location.assign(now.href);
      else (document.querySelector("[data-problem], [role=alert]") ?? document.getElementById("bar"))?.focus();
    });
  },
  true,
);

// A save that is answered between press and release puts another button where the first one was.
let down = null;
document.addEventListener("pointerdown", (event) => {
  const pressed = control(event.target);
  down = pressed && { pressed, name: known(pressed) };
});
document.addEventListener("pointerup", (event) => {
  const now = down && !down.pressed.isConnected ? twin(down.name) : null;
  down = null;
  if (now?.contains(event.target)) now.click();
});

addEventListener("beforeunload", (event) => pending() && event.preventDefault());
