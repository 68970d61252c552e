// The calendar with a hand: a slot is dragged to another day, or moved by Shift and an arrow. Both post the form's fields.

const form = document.getElementById("drag");

function post(slot, time, day) {
  if (!form || !slot || !day) return;
  const at = slot.indexOf("/");
  const say = { schedule: slot.slice(0, at), slot: slot.slice(at + 1), date: day, time };
  for (const [name, value] of Object.entries(say)) form.elements[name].value = value;
  form.requestSubmit();
}

for (const each of document.querySelectorAll("[data-slot]")) {
  each.draggable = true;
  each.addEventListener("dragstart", (event) => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/x-slot", JSON.stringify([each.dataset.slot, each.dataset.time]));
  });
}
for (const day of document.querySelectorAll("td[data-date]")) {
  day.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("text/x-slot")) return;
    event.preventDefault();
    day.classList.add("over");
  });
  day.addEventListener("dragleave", () => day.classList.remove("over"));
  day.addEventListener("drop", (event) => {
    event.preventDefault();
    day.classList.remove("over");
    post(...JSON.parse(event.dataTransfer.getData("text/x-slot")), day.dataset.date);
  });
}

document.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || !event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
  if (document.documentElement.dataset.keys === "off" || event.target.closest("input, textarea, select")) return;
  const move = document.getElementById("move");
  if (!move) return;
  event.preventDefault();
  const day = new Date(`${move.elements.date.value}T12:00:00Z`);
  // To the end of a line: which is earlier in Hebrew and Arabic than its start is on the page.
  day.setUTCDate(day.getUTCDate() + (document.dir === "rtl" ? -by : by));
  move.elements.date.value = day.toISOString().slice(0, 10);
  move.requestSubmit(move.querySelector("button.primary"));
});
