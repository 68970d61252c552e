// An edition with a keyboard, a pointer and counts that follow the typing. Every page of it works without this file.

import { saved } from "./desk-saving.js";

const typing = (element) => element.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

async function move(story, place) {
  const list = story.parentElement.dataset.reorder;
  const moved = story.dataset.story;
  // Its form comes anew with each save.
  if (!(await saved())) return;
  const form = document.getElementById(list);
  form.querySelector("[data-moved]").value = moved;
  form.querySelector("[data-to]").value = place;
  form.requestSubmit();
}

// Alt and arrows move the story that has the focus, else the one that is picked.
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return;
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const story = by && (event.target.closest("[data-reorder] > li[draggable]") ?? document.querySelector("li[draggable][data-chosen]"));
  if (!story) return;
  event.preventDefault();
  const button = story.querySelector(`[data-move="${by < 0 ? "up" : "down"}"]`);
  const place = [...story.parentElement.children].indexOf(story) + 1 + by;
  if (button) button.disabled || button.click();
  else if (place > 0 && place <= story.parentElement.children.length) move(story, place);
});

// On a narrow screen the words of the story that was picked stand below all stories.
document.addEventListener("htmx:afterSettle", (event) => {
  if (!event.detail.requestConfig?.elt.matches("[data-reorder] a")) return;
  const words = document.getElementById("words");
  if (words && words.getBoundingClientRect().top > innerHeight / 2) words.scrollIntoView();
});

// Dragging does what the arrows do.
let dragged = null;
const row = (event) => event.target.closest?.("[data-reorder] > li[draggable]");
const unmark = () => document.querySelectorAll(".over-it").forEach((each) => each.classList.remove("over-it"));
document.addEventListener("dragstart", (event) => {
  dragged = row(event);
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.story);
});
document.addEventListener("dragover", (event) => {
  const over = dragged && row(event);
  if (!over || over.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  unmark();
  over.classList.add("over-it");
});
document.addEventListener("drop", (event) => {
  const over = dragged && row(event);
  unmark();
  if (!over || over === dragged) return;
  event.preventDefault();
  move(dragged, [...over.parentElement.children].indexOf(over) + 1);
});
document.addEventListener("dragend", () => {
  dragged = null;
  unmark();
});

// Counts that follow the typing; the server counts a post again as its network does, and has the last word.
const words = "Segmenter" in Intl ? new Intl.Segmenter(document.documentElement.lang, { granularity: "word" }) : null;
const clusters = "Segmenter" in Intl ? new Intl.Segmenter() : null;
const wordsIn = (text) => (words ? [...words.segment(text)].filter((each) => each.isWordLike).length : text.split(/\s+/).filter(Boolean).length);
const lengths = {
  graphemes: (text) => (clusters ? [...clusters.segment(text)].length : [...text].length),
  "utf-16": (text) => text.length,
  "code points": (text) => [...text].length,
};
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.dataset?.wordCount) {
    const counter = document.getElementById(field.dataset.wordCount);
    const number = wordsIn(field.value);
    counter.textContent = number === 1 ? counter.dataset.wordsOne : counter.dataset.words.replace("{number}", number.toLocaleString(document.documentElement.lang));
  }
  const count = lengths[field.dataset?.counting];
  const counter = field.dataset?.instant && document.getElementById(field.dataset.instant);
  const most = Number(field.dataset?.most);
  if (count && counter && most) {
    const used = count(field.value.normalize("NFC").trim());
    counter.textContent = counter.textContent.replace(/^[^\d]*[\d.,\u0660-\u0669]+/, used.toLocaleString(document.documentElement.lang));
    counter.classList.toggle("over", used > most);
    counter.classList.toggle("near", used <= most && used >= most * 0.9);
  }
});

// What opens over the page closes by Escape, and when something else is pressed.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.pop[open]").forEach((each) => each.contains(event.target) || each.removeAttribute("open"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.pop[open]");
  if (!open) return;
  open.removeAttribute("open");
  open.querySelector("summary").focus();
});
