// What of a page the keyboard reaches, and whether it is seen there. `begin` before Tab is pressed, `left` in between,
// `ended` afterwards.
window.walk = (() => {
  const OPERATED = "a[href], button, input, select, textarea, summary, [tabindex]";
  const name = (each) => each.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  const shown = (each) => each.checkVisibility({ visibilityProperty: true });

  // Of the radio buttons of one question, only the one that is chosen is a stop.
  function stops(each) {
    if (each.type !== "radio") return true;
    const group = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(each.name)}"]`)].filter((one) => one.form === each.form);
    return each === (group.find((one) => one.checked) ?? group[0]);
  }
  const controls = () => [...document.querySelectorAll(OPERATED)].filter(
    (each) => each.tabIndex >= 0 && !each.disabled && each.type !== "hidden" && shown(each) && stops(each),
  );

  // A focus is shown by an outline or a shadow: of the control, or of what is drawn in its place.
  const look = (each) => [each, each.nextElementSibling, each.parentElement].filter(Boolean).map((one) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(one);
    return [outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow].join();
  }).join("|");

  const before = new Map();
  const reached = new Set();
  const unseen = [];
  document.addEventListener("focusin", ({ target }) => {
    reached.add(target);
    if (before.has(target) && look(target) === before.get(target)) unseen.push(name(target));
  });

  // Whether all of a control is behind something else (WCAG 2.2, 2.4.11), come to from above or from below.
  function hidden(each, block) {
    const place = each.getBoundingClientRect();
    scrollTo(0, scrollY + (block === "start" ? place.top : place.bottom - innerHeight));
    each.blur();
    each.focus({ focusVisible: true });
    const box = each.getClientRects()[0];
    if (!box) return true;
    for (const across of [0.1, 0.5, 0.9]) for (const down of [0.1, 0.5, 0.9]) {
      const hit = document.elementFromPoint(box.left + across * box.width, box.top + down * box.height);
      if (hit && (each.contains(hit) || hit.closest("label")?.control === each)) return false;
    }
    return true;
  }

  return {
    begin() {
      document.activeElement.blur();
      controls().forEach((each) => before.set(each, look(each)));
      return before.size;
    },
    left: () => [...before.keys()].filter((each) => !reached.has(each) && each.isConnected && shown(each)).map(name),
    ended: () => unseen,
    hidden: () => controls().filter((each) => hidden(each, "start") || hidden(each, "end")).map(name),
  };
})();
