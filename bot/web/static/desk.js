// The desk with a keyboard and without waiting. Every page works without this file.

const root = document.documentElement;
root.classList.add("js");

export const OPERATED = "a[href], button, input, select, textarea, summary, [tabindex]";
const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const press = (element) => {
  if (element.matches("a, button, summary")) element.click();
  else element.focus();
};

// Keys. `g` waits a second for the letter of a page.
let going = 0;
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    const form = event.target.closest("form[method=post]") || document.querySelector("form[data-saves]");
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (root.dataset.keys === "off" || typing(event.target) || document.querySelector("dialog[open]")) return;
  const pressed = event.key;
  let found = null;
  if (going && Date.now() - going < 1000) found = document.querySelector(`[data-go="${CSS.escape(pressed)}"]`);
  going = 0;
  if (found) press(found);
  else if (pressed === "g") going = Date.now();
  else if (pressed === "/") document.getElementById("jump")?.focus();
  else if (pressed === "?") document.getElementById("keys")?.showModal();
  else if (pressed === "j" || pressed === "k") step(pressed === "j" ? 1 : -1);
  else if (pressed === "n" && problem()) problem().focus();
  else if (pressed === "a" && document.querySelector("[data-approve]")) document.querySelector("[data-approve]").focus();
  else if (/^[1-9]$/.test(pressed) && document.querySelector(`[data-tab="${pressed}"]`)) press(document.querySelector(`[data-tab="${pressed}"]`));
  else {
    const own = document.querySelector(`main [data-key="${CSS.escape(pressed)}"], dialog [data-key="${CSS.escape(pressed)}"]`);
    if (!own) return;
    press(own);
  }
  event.preventDefault();
});

// The rows of a page: their first link, or what can be operated.
function step(by) {
  const rows = [...document.querySelectorAll("main .list > li, main .table tbody > tr")]
    .map((row) => row.querySelector("a[href], button, [tabindex='0']"))
    .filter(Boolean);
  if (!rows.length) return;
  const row = document.activeElement.closest("main .list > li, main .table tbody > tr");
  const at = rows.findIndex((each) => row?.contains(each));
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))].focus();
}

let last = -1;
function problem() {
  const found = [...document.querySelectorAll("[data-problem]")];
  if (!found.length) return null;
  last = (last + 1) % found.length;
  if (!found[last].hasAttribute("tabindex")) found[last].tabIndex = -1;
  return found[last];
}

// Dialogs, and acts that show that they work.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  event.target.closest("[data-close]")?.closest("dialog")?.close();
});
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.defaultPrevented) return;
  button.setAttribute("aria-busy", "true");
  // A second click would ask twice; what is disabled at once would not be sent along.
  setTimeout(() => (button.disabled = true), 0);
  setTimeout(() => {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }, 10000);
});
addEventListener("pageshow", () => document.querySelectorAll("[aria-busy=true]").forEach((each) => {
  each.disabled = false;
  each.removeAttribute("aria-busy");
}));

// What was done is told for eight seconds, longer while somebody looks.
const toast = document.getElementById("toast");
if (toast) {
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
  setTimeout(leave, 8000);
}

// A form that could not be taken says so first.
document.querySelector("[data-focus]")?.focus();

// A select that goes where it says: the button beside it is for those without this file.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-go-on-change]")) event.target.form?.requestSubmit();
});

// Counters: characters as people count them.
const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;
const length = (text) => (segmenter ? [...segmenter.segment(text)].length : [...text].length);
function count(field) {
  const counter = document.getElementById(field.dataset.counter);
  const most = Number(field.dataset.most);
  if (!counter || !most) return;
  const used = length(field.value.normalize("NFC").trim());
  counter.textContent = counter.dataset.words.replace("{used}", used).replace("{most}", most);
  counter.classList.toggle("near", used >= most * 0.9 && used <= most);
  counter.classList.toggle("over", used > most);
}
document.addEventListener("input", (event) => event.target.dataset?.counter && count(event.target));

// A request that is let go of (its fields have changed again, or the page is left) ends as if nothing had been answered:
// by itself htmx writes each into the console as two errors.
let leaving = false;
addEventListener("pagehide", () => (leaving = true));
addEventListener("pageshow", () => (leaving = false));
document.addEventListener("htmx:beforeSend", (event) => {
  const { xhr } = event.detail;
  const { onerror, onload } = xhr;
  xhr.onabort = onload;
  xhr.onerror = () => (leaving ? onload : onerror).call(xhr);
});

// Live regions rest while nobody looks, or while a pointer or the focus is inside: nothing moves under a hand.
const resting = (region) => document.hidden || region.matches(":focus-within") || (region.matches(":hover") && !region.dataset.live);
let lost = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.("[data-live]") && resting(event.target)) event.preventDefault();
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (leaving || !event.target.closest?.("[data-live]")) return;
  const band = document.getElementById("lost");
  if (!band) return;
  if (event.detail.successful) {
    lost = null;
    band.hidden = true;
  } else {
    lost ??= new Date();
    const words = band.querySelector("[data-lost]");
    words.textContent = words.dataset.lost.replace("{time}", lost.toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit" }));
    band.hidden = false;
  }
});

// A count of the rail that is as it was stays in its place: who reads it aloud is told of no change where there is none.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.closest(".rail") && target.isEqualNode(fragment.firstElementChild)) event.detail.shouldSwap = false;
});

// A region that comes anew keeps what somebody has opened in it, is typing in it, and stands at. htmx gives the focus
// back by id; a control without one is known by what it does, and of one that is gone data-then names the heir.
export const known = (each) => [each.tagName, each.closest("[id]")?.id, each.getAttribute("href"), each.name, each.getAttribute("value"),
  each.form?.getAttribute("action"), each.matches("button, summary") ? each.textContent : ""].join("\n");
let kept = {};
document.addEventListener("htmx:beforeSwap", (event) => {
  const asked = event.detail.requestConfig?.elt;
  // Somebody came to it while the answer was on its way.
  if (asked?.matches("[data-live]") && resting(asked)) event.detail.shouldSwap = false;
  const at = document.activeElement ?? document.body;
  kept = {
    at: at === document.body ? null : at,
    name: known(at),
    typed: typing(at) ? at.value : null,
    open: [...document.querySelectorAll("details[id][open]")].map((each) => each.id),
  };
});
document.addEventListener("htmx:afterSwap", (event) => {
  kept.open?.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  if (!kept.at) return;
  if (document.activeElement === document.body) {
    const { triggeringEvent, elt } = event.detail.requestConfig ?? {};
    const then = triggeringEvent?.submitter?.dataset.then ?? elt?.dataset.then;
    const same = [...document.querySelectorAll(OPERATED)].find((each) => !each.disabled && known(each) === kept.name);
    (same ?? document.getElementById(then))?.focus({ preventScroll: true });
  }
  const now = document.activeElement;
  if (kept.typed !== null && now !== kept.at && known(now) === kept.name) now.value = kept.typed;
});
