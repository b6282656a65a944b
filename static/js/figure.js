// Figures that the server made: <div data-figure="id of its JSON" data-plotly="address of Plotly">, drawn in the page's colours.
// A trace says `meta: {hue: 0…}` or `meta: {tone: "warn"}`; so does a shape by its `name`. On paper everything is light.
import { colour, loadPlotly } from "./plotting.js";

const HUES = ["--accent", "--warn", "--busy", "--ok", "--bad", "--ink-2", "--sun", "--accent-strong", "--line-strong"];

const hueOf = (meta) => colour(meta?.tone ? `--${meta.tone}` : HUES[(meta?.hue ?? 0) % HUES.length]);

function faded(found, share) {
  return found.startsWith("rgb(") ? found.replace("rgb(", "rgba(").replace(")", `, ${share})`) : found;
}

function traceOf(trace) {
  const hue = hueOf(trace.meta);
  if (trace.type === "bar") return { ...trace, marker: { ...trace.marker, color: hue } };
  return {
    ...trace,
    line: { ...trace.line, color: hue },
    ...(trace.fill ? { fillcolor: faded(hue, trace.meta?.faint ?? 0.18) } : {}),
  };
}

function layoutOf(figure) {
  const line = colour("--line");
  const ink = colour("--ink-2");
  const axes = Object.fromEntries(
    Object.entries(figure.layout).filter(([name]) => /^[xy]axis\d*$/.test(name)).map(([name, axis]) => (
      [name, { ...axis, color: ink, gridcolor: line, zerolinecolor: line, linecolor: line }])));
  return {
    ...figure.layout,
    ...axes,
    shapes: (figure.layout.shapes ?? []).map((shape) => ({ ...shape, line: { ...shape.line, color: colour(`--${shape.name || "ink-3"}`) } })),
    annotations: (figure.layout.annotations ?? []).map((note) => ({ ...note, font: { ...note.font, color: ink } })),
    font: { color: ink, size: 11, family: getComputedStyle(document.body).fontFamily },
    hoverlabel: { bgcolor: colour("--raised"), bordercolor: line, font: { color: colour("--ink") } },
  };
}

const watched = new ResizeObserver((seen) => seen.forEach(({ target }) => {
  if (target.offsetWidth && target.data && window.Plotly) window.Plotly.Plots.resize(target);
}));

function paint(library, holder) {
  const figure = JSON.parse(document.getElementById(holder.dataset.figure).textContent);
  library.react(holder, figure.data.map(traceOf), layoutOf(figure), { displayModeBar: false, responsive: false });
  watched.observe(holder);
  holder.dataset.drawn = "true";
}

async function draw() {
  const holders = [...document.querySelectorAll("[data-figure]")];
  if (!holders.length) return;
  try {
    const library = await loadPlotly(holders[0].dataset.plotly);
    holders.filter((holder) => holder.isConnected).forEach((holder) => paint(library, holder));
  } catch {
    holders.forEach((holder) => { holder.textContent = "The chart could not be drawn; the table has the same figures."; });
  }
}

// Paper is white whatever the screen is.
let theme = null;
function onPaper() {
  theme = document.documentElement.getAttribute("data-bs-theme");
  document.documentElement.setAttribute("data-bs-theme", "light");
  if (window.Plotly) document.querySelectorAll("[data-drawn]").forEach((holder) => paint(window.Plotly, holder));
}

function onScreen() {
  if (theme === null) document.documentElement.removeAttribute("data-bs-theme");
  else document.documentElement.setAttribute("data-bs-theme", theme);
  if (window.Plotly) document.querySelectorAll("[data-drawn]").forEach((holder) => paint(window.Plotly, holder));
}

window.addEventListener("beforeprint", onPaper);
window.addEventListener("afterprint", onScreen);
document.addEventListener("theme-changed", draw);
document.body.addEventListener("htmx:afterSwap", draw);
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
draw();
