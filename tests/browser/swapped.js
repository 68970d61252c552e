// Brings each region that a request of the page swaps anew, once for each control in it, which has the focus: how many
// were tried, and which of them lost it. A live region is left out, which rests while the focus is in it.
async () => {
  const OPERATED = "a[href], button, input, select, textarea, summary, [tabindex]";
  const said = (each) => [each.tagName, each.getAttribute("href"), each.name, each.getAttribute("value"), each.textContent].join(" ").replace(/\s+/g, " ");
  const named = new Set();
  for (const each of document.querySelectorAll("[hx-get], [hx-post]")) {
    if (!each.matches("[data-live]")) named.add(each.getAttribute("hx-target") ?? `#${each.id}`);
    for (const one of (each.getAttribute("hx-select-oob") ?? "").split(",").filter(Boolean)) named.add(one);
  }
  let tried = 0;
  const lost = [];
  for (const region of [...named].filter((each) => document.querySelector(each)).sort()) {
    const count = document.querySelectorAll(`${region} :is(${OPERATED})`).length;
    for (let number = 0; number < count; number += 1) {
      const control = document.querySelectorAll(`${region} :is(${OPERATED})`)[number];
      control?.focus();
      if (!control || document.activeElement !== control) continue;
      tried += 1;
      await htmx.ajax("GET", location.href, { target: region, select: region, swap: "outerHTML" });
      if (control.isConnected) lost.push(`${region} did not come anew`);
      if (said(document.activeElement) !== said(control)) lost.push(`${region}: ${said(control).slice(0, 160)}`);
    }
  }
  return [tried, lost];
}
