// A pad of 28 × 28 pixels. What is drawn goes to Python as a message with bytes, the answer comes
// back as one; a single message is on its way, and the last drawing always wins.
const N = 28, SIZE = 10, PATIENCE = 5000; // pixels; screen pixels each; milliseconds
const HELP = "Drawing pad of 28 by 28 pixels. Draw with mouse, finger or pen. With the keyboard: " +
  "arrows move, Space puts the pen down or lifts it, E changes between pen and eraser, Delete clears.";

function make(tag, parent, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  parent.append(element);
  return element;
}

function picture(parent, caption) {
  const figure = make("figure", parent, { hidden: true });
  const canvas = make("canvas", figure, { width: N, height: N });
  canvas.setAttribute("role", "img");
  make("figcaption", figure, { textContent: caption });
  return { figure, show: (bytes, alt) => {
    figure.hidden = !bytes;
    canvas.setAttribute("aria-label", alt);
    if (bytes) canvas.getContext("2d").putImageData(new ImageData(bytes, N, N), 0, 0);
  } };
}

function choice(parent, label, options) {
  const field = make("label", make("div", parent), { textContent: `${label} ` });
  const select = make("select", field);
  for (const [value, text] of options) make("option", select, { value, textContent: text });
  return select;
}

function render({ model, el }) {
  const grid = new Float32Array(N * N), names = model.get("names");
  model.get("start").flat().forEach((value, i) => { grid[i] = value / 255; });
  const root = make("div", el, { className: "digit-pad" });
  const pad = make("canvas", root, { className: "pad-canvas", width: N * SIZE, height: N * SIZE, tabIndex: 0 });
  pad.setAttribute("role", "application");
  pad.setAttribute("aria-label", HELP);
  const tools = make("div", root, { className: "pad-tools" });
  const results = make("div", root, { className: "pad-results" });
  const line = make("p", root, { className: "pad-text" });
  line.setAttribute("role", "status");
  line.setAttribute("aria-live", "polite");

  let erasing = false, down = false, cursor = [14, 14], shown = false;
  const button = (text, act) => {
    const made = make("button", tools, { type: "button", textContent: text });
    made.addEventListener("click", act);
    return made;
  };
  const hold = (eraser) => {
    erasing = eraser;
    pen.setAttribute("aria-pressed", String(!erasing));
    rubber.setAttribute("aria-pressed", String(erasing));
  };
  const pen = button("pen", () => hold(false)), rubber = button("eraser", () => hold(true));
  button("clear", () => { grid.fill(0); changed(); });
  button("keep", () => {
    model.send({ kind: "keep" });
    line.textContent = "Kept: the other chapters offer it as your image.";
  });
  button("download", () => {
    const small = make("canvas", document.createElement("div"), { width: N, height: N });
    small.getContext("2d").putImageData(new ImageData(last || pixels(), N, N), 0, 0);
    make("a", document.createElement("div"), { href: small.toDataURL(), download: "digit.png" }).click();
  });
  hold(false);

  let target = null, network = null;
  if (names.length) {
    const wish = make("div", results);
    target = choice(wish, "smallest change towards", [["", "–"], ...Array.from({ length: 10 }, (_, i) => [i, i])]);
    network = choice(wish, "for", names.map((name) => [name, name]));
    for (const select of [target, network]) select.addEventListener("change", () => send());
  }
  const table = make("table", results), pictures = make("div", results);
  const read = picture(pictures, "centred"), change = picture(pictures, "change");
  const after = picture(pictures, "changed");

  const pixels = () => Uint8ClampedArray.from({ length: 4 * N * N },
    (_, i) => i % 4 === 3 ? 255 : Math.round(255 * grid[i >> 2]));
  const paint = () => {
    const pen = pad.getContext("2d");
    grid.forEach((value, i) => {
      const grey = Math.round(255 * value);
      pen.fillStyle = `rgb(${grey},${grey},${grey})`;
      pen.fillRect((i % N) * SIZE, Math.floor(i / N) * SIZE, SIZE, SIZE);
    });
    if (shown) { // the keyboard's cursor
      pen.strokeStyle = down ? "#D55E00" : "#56B4E9";
      pen.lineWidth = 2;
      pen.strokeRect(cursor[0] * SIZE - SIZE, cursor[1] * SIZE - SIZE, 2 * SIZE, 2 * SIZE);
    }
  };

  let waiting = 0, dirty = false, last = null;
  const trips = el.padTrips = [];
  const send = () => {
    root.classList.add("pad-stale");
    if (waiting && performance.now() - waiting < PATIENCE) { dirty = true; return; }
    waiting = performance.now();
    dirty = false;
    const asked = waiting;
    model.send({ kind: "drawn", target: target?.value ? Number(target.value) : null, network: network?.value ?? "" },
      undefined, [Uint8Array.from(grid, (value) => Math.round(255 * value)).buffer]);
    setTimeout(() => {
      if (waiting === asked) line.textContent = "No answer yet. If the kernel was restarted, run the cell above again.";
    }, PATIENCE);
  };
  const changed = () => { paint(); send(); };
  const hear = (told, buffers) => {
    trips.push(performance.now() - waiting);
    waiting = 0;
    const bytes = buffers.map((b) => new Uint8ClampedArray(b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength)));
    last = bytes[0];
    read.show(last, "your drawing, centred as MNIST centres its digits");
    change.show(bytes[1], "the change, ten times as strong");
    after.show(bytes[2], "your drawing with the change");
    table.replaceChildren();
    for (const row of told.rows ?? []) {
      const cells = make("tr", table);
      make("th", cells, { textContent: row.name, scope: "row" });
      make("td", cells, { textContent: row.label, className: "pad-label" });
      const bar = make("div", make("td", cells, { className: "pad-share" }), { className: "pad-bar" });
      bar.style.width = `${100 * row.share}%`;
      make("td", cells, { textContent: `${Math.round(100 * row.share)} %` });
      if (row.after !== undefined) make("td", cells, { textContent: `→ ${row.after}`, className: "pad-label" });
    }
    if (told.text) line.textContent = told.text;
    if (dirty) send(); else root.classList.remove("pad-stale");
  };
  model.on("msg:custom", hear);

  const dab = (x, y) => {
    for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) {
      const ink = Math.min(1, Math.max(0, 1.9 - Math.hypot(j + 0.5 - x, i + 0.5 - y)));
      const k = i * N + j;
      grid[k] = erasing ? Math.min(grid[k], 1 - ink) : Math.max(grid[k], ink);
    }
  };
  const stroke = (from, to) => {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    for (let k = 0; k <= steps; k++) {
      dab(from[0] + (to[0] - from[0]) * k / steps, from[1] + (to[1] - from[1]) * k / steps);
    }
    changed();
  };
  let previous = null;
  const at = (event) => {
    const place = pad.getBoundingClientRect();
    return [N * (event.clientX - place.left) / place.width, N * (event.clientY - place.top) / place.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    shown = false;
    previous = at(event);
    stroke(previous, previous);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!previous) return;
    const now = at(event);
    stroke(previous, now);
    previous = now;
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { previous = null; });

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  pad.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    shown = true;
    if (move) {
      const before = cursor;
      cursor = cursor.map((value, i) => Math.min(N - 1, Math.max(1, value + move[i])));
      if (down) stroke(before, cursor); else paint();
    } else if (event.key === " ") {
      down = !down;
      if (down) stroke(cursor, cursor); else paint();
    } else if (event.key.toLowerCase() === "e") hold(!erasing);
    else if (event.key === "Delete" || event.key === "Backspace") { grid.fill(0); changed(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  pad.addEventListener("blur", () => { shown = down = false; paint(); });
  changed();
  return () => { model.off("msg:custom", hear); };
}
export default { render };
