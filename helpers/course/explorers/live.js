// Beside an explorer: greys its picture while the controls have other values than those that it was
// drawn for, gives it its alternative text, makes its text a live region, gives the controls the
// names that ipywidgets writes beside them, lets the End key reach the end, and reports clicks.
const PLAY = ["play or pause", "stop, back to the start", "repeat"];

function name(box) {
  for (const row of box.querySelectorAll(".widget-inline-hbox")) {
    const label = row.querySelector(".widget-label")?.textContent;
    const control = row.querySelector("[role=slider], select, input");
    if (label) control?.setAttribute("aria-label", label);
  }
  box.querySelectorAll(".widget-play button").forEach((button, i) =>
    button.setAttribute("aria-label", PLAY[i % PLAY.length]));
}

async function render({ model, el }) {
  el.style.display = "none";
  const watched = [];
  for (const [name, [id, key]] of Object.entries(model.get("watched"))) {
    watched.push([name, await model.widget_manager.get_model(id), key]);
  }
  const box = () => el.closest(".explorer");
  const look = () => {
    if (!box()) return;
    const answered = model.get("answered");
    const stale = watched.some(([name, control, key]) =>
      JSON.stringify(control.get(key)) !== JSON.stringify(answered[name]));
    box().classList.toggle("explorer-stale", stale);
    box().querySelector("img")?.setAttribute("alt", model.get("alt"));
    name(box());
  };
  const click = (event) => {
    if (event.target.tagName !== "IMG") return;
    const place = event.target.getBoundingClientRect();
    model.send({ click: [(event.clientX - place.left) / place.width,
                         (event.clientY - place.top) / place.height] });
  };
  // Made for a shorter range, a slider's End key goes to the end that it had when it was made.
  const toTheEnd = (event) => {
    const label = event.target.closest(".widget-inline-hbox")?.querySelector(".widget-label");
    if (event.key !== "End" || event.target.getAttribute("role") !== "slider" || !label) return;
    const found = watched.find(([, control]) => control.get("description") === label.textContent);
    if (found?.[1].get("_model_name") !== "IntSliderModel") return;
    found[1].set("value", found[1].get("max"));
    found[1].save_changes();
    event.stopPropagation();
    event.preventDefault();
  };
  let over = false;
  const begin = () => {
    if (over) return;
    if (!box()) { requestAnimationFrame(begin); return; }
    const text = box().querySelector(".explorer-text .widget-html-content");
    text?.setAttribute("role", "status");
    text?.setAttribute("aria-live", "polite");
    box().addEventListener("keydown", toTheEnd, true);
    if (model.get("clicks")) {
      box().classList.add("explorer-clicks");
      box().addEventListener("click", click);
    }
    look();
  };
  for (const [, control] of watched) control.on("change", look);
  model.on("change", look);
  begin();
  return () => {
    over = true;
    for (const [, control] of watched) control.off("change", look);
  };
}
export default { render };
