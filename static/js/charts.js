// Graphs of one instance: the history that came with the page, then points as the socket brings them.
// Plotly is fetched only here, and only once there is something to draw.
import { colour, loadPlotly } from "./plotting.js";

const SLIDE_EVERY = 10000;
const HEAL_EVERY = 60000;
const OLD = 120000;
const TABLE_ROWS = 12;
const LEAST_GAP = 15000;
const GAP_DISTANCES = 3;
const COLUMNS = ["cpu", "cpu_peak", "ram", "ram_peak", "disk", "net_in", "net_out", "disk_read", "disk_write", "logins"];
const HUES = ["--accent", "--warn", "--busy", "--ok", "--bad", "--ink-2"];
const LIVE = "30m";

// Plotly writes times as UTC; people read clocks of their own zone.
const local = (time) => time - new Date(time).getTimezoneOffset() * 60000;
const json = (root, id) => JSON.parse(root.querySelector(`#${id}`).textContent);
const percent = (value, digits = 0) => (value === null || value === undefined ? "–" : `${value.toFixed(digits)} %`);

function rate(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B/s", "kB/s", "MB/s", "GB/s"];
  let step = 0;
  let left = value;
  while (left >= 1000 && step < units.length - 1) { left /= 1000; step += 1; }
  return `${left < 10 && step ? left.toFixed(1) : Math.round(left)} ${units[step]}`;
}

function usualDistance(times) {
  const last = times.slice(-30);
  const distances = last.slice(1).map((time, index) => time - last[index]).sort((a, b) => a - b);
  return distances.length ? distances[Math.floor(distances.length / 2)] : 0;
}

// One row at the end of all columns; null for what a row does not say.
function append(samples, time, row) {
  samples.t.push(time);
  COLUMNS.forEach((name) => samples[name].push(row[name] ?? null));
  const devices = Math.max(samples.gpus.length, (row.gpus || []).length);
  for (let index = 0; index < devices; index += 1) {
    samples.gpus[index] ??= { util: Array(samples.t.length - 1).fill(null), mem: Array(samples.t.length - 1).fill(null) };
    samples.gpus[index].util.push(row.gpus?.[index]?.util ?? null);
    samples.gpus[index].mem.push(row.gpus?.[index]?.mem ?? null);
  }
}

function drop(samples, before) {
  const count = samples.t.findIndex((time) => time >= before);
  if (count <= 0) return;
  samples.t.splice(0, count);
  COLUMNS.forEach((name) => samples[name].splice(0, count));
  samples.gpus.forEach((gpu) => { gpu.util.splice(0, count); gpu.mem.splice(0, count); });
}

// Returns false when a sample is older than what is drawn, so that the history has to be fetched again.
function take(samples, incoming) {
  let inOrder = true;
  incoming.forEach((sample) => {
    const time = Math.round(sample.t * 1000);
    const last = samples.t.at(-1);
    if (last !== undefined && time <= last) { inOrder = inOrder && samples.t.includes(time); return; }
    const gap = Math.max(LEAST_GAP, GAP_DISTANCES * usualDistance(samples.t));
    if (last !== undefined && time - last > gap) append(samples, Math.round((last + time) / 2), {});
    append(samples, time, sample);
  });
  return inOrder;
}

function lastRow(samples) {
  for (let index = samples.t.length - 1; index >= 0; index -= 1) {
    if (samples.cpu[index] !== null || samples.ram[index] !== null) return index;
  }
  return -1;
}

class Graphs {
  constructor(root) {
    this.root = root;
    this.figures = json(root, "graph-figures");
    this.series = json(root, "graph-series");
    this.spans = Object.fromEntries(this.rangeButtons().map((button) => [button.dataset.range, Number(button.dataset.span) * 1000]));
    this.asked = 0;
    this.offset = this.series.to - Date.now();
    root.querySelector("[data-ranges]").hidden = false;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-range]");
      if (button) this.show(button.dataset.range);
    });
    root.querySelector("[data-table]").addEventListener("toggle", () => this.fillTable());
    this.draw();
  }

  rangeButtons() { return [...this.root.querySelectorAll("[data-range]")]; }

  get live() { return this.series.range === LIVE; }

  async show(range) {
    this.rangeButtons().forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.range === range)));
    await this.fetch(range);
  }

  async fetch(range = this.series.range) {
    const turn = ++this.asked;
    try {
      const answer = await fetch(`${this.root.dataset.series}?range=${encodeURIComponent(range)}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const series = await answer.json();
      if (turn !== this.asked) return;
      this.series = series;
      this.offset = series.to - Date.now();
      this.say("");
      this.draw();
    } catch {
      if (turn === this.asked) this.say("The measurements could not be read just now; what is drawn may be old.");
    }
  }

  say(text) {
    const box = this.root.querySelector("[data-graphs-problem]");
    box.textContent = text;
    box.hidden = !text;
  }

  receive(samples) {
    if (!this.live) return;
    if (!take(this.series.samples, samples)) { this.refetchSoon(); return; }
    this.draw();
  }

  refetchSoon() {
    clearTimeout(this.refetch);
    this.refetch = setTimeout(() => this.fetch(), 1500);
  }

  window() {
    const to = this.live ? Date.now() + this.offset : this.series.to;
    return [to - this.spans[this.series.range], to];
  }

  draw() {
    if (document.hidden || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(async () => {
      try {
        await this.render();
      } catch {
        this.say("The graphs could not be drawn; the table below has the values.");
      } finally {
        this.waiting = false;
      }
    });
  }

  async render() {
    const { samples } = this.series;
    const [from, to] = this.window();
    if (this.live) drop(samples, from - 60000);
    this.summarise();
    this.fillTable();
    const library = await loadPlotly(this.root.dataset.plotly);
    const palette = { ink: colour("--ink-2"), line: colour("--line"), raised: colour("--raised"), hues: HUES.map(colour) };
    this.times = samples.t.map(local);
    const drawn = Object.entries(this.figures).map(([name, figure]) => {
      const holder = this.root.querySelector(`[data-chart="${name}"]`);
      const traces = name === "gpus" ? this.gpuTraces(palette) : this.traces(figure, palette);
      holder.hidden = name !== "cpu" && !traces.length;
      return { holder, figure, traces };
    });
    // Only now is it settled how many share a row, and so how wide each is.
    drawn.filter(({ holder }) => !holder.hidden).forEach(({ holder, figure, traces }) => {
      const layout = this.layout(figure, [from, to], palette, traces.length > 1);
      const plot = holder.querySelector("[data-plot]");
      library.react(plot, traces, layout, { displayModeBar: false });
      this.follow(library, plot);
    });
    this.root.dataset.drawn = String(samples.t.at(-1) ?? 0);
  }

  // A graph changes its width with the window, and when its neighbours come and go.
  follow(library, plot) {
    this.observer ??= new ResizeObserver((seen) => seen.forEach(({ target }) => {
      if (target.offsetWidth && target.data) library.Plots.resize(target);
    }));
    this.observer.observe(plot);
  }

  traces(figure, palette) {
    const { samples } = this.series;
    return figure.columns
      .filter(([column]) => samples[column].some((value) => value !== null))
      .map(([column, name], index) => {
        const peak = column.endsWith("_peak");
        return this.line(samples[column], name, palette.hues[peak ? 0 : index], figure.unit, peak);
      });
  }

  gpuTraces(palette) {
    return this.series.samples.gpus.flatMap((gpu, index) => {
      const hue = palette.hues[index % palette.hues.length];
      const lines = [this.line(gpu.util, `GPU ${index}`, hue, "%", false)];
      if (gpu.mem.some((value) => value !== null)) lines.push(this.line(gpu.mem, `GPU ${index} memory`, hue, "%", true));
      return lines;
    });
  }

  line(values, name, hue, unit, faint) {
    const few = values.filter((value) => value !== null).length < 3;
    return {
      type: "scatter",
      mode: few ? "lines+markers" : "lines",
      x: this.times,
      y: values,
      name,
      connectgaps: false,
      line: { color: hue, width: faint ? 1 : 1.75, dash: faint ? "dot" : "solid" },
      hovertemplate: unit === "%" ? "%{y:.1f} %" : "%{y:.3s}B/s",
    };
  }

  layout(figure, range, palette, legend) {
    const axis = { color: palette.ink, gridcolor: palette.line, zerolinecolor: palette.line, linecolor: palette.line };
    const shapes = (figure.layout.shapes || []).map((shape, index) => (
      { ...shape, line: { ...shape.line, color: palette.hues[index ? 4 : 1] } }));
    return {
      ...figure.layout,
      shapes,
      font: { color: palette.ink, size: 11, family: getComputedStyle(document.body).fontFamily },
      hoverlabel: { bgcolor: palette.raised, bordercolor: palette.line },
      showlegend: legend,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      margin: { ...figure.layout.margin, t: legend ? 24 : 8 },
      xaxis: { ...figure.layout.xaxis, ...axis, range: range.map(local) },
      yaxis: { ...figure.layout.yaxis, ...axis },
    };
  }

  // The newest values in words: above the graphs, and beside the title of each.
  summarise() {
    const { samples } = this.series;
    const row = lastRow(samples);
    if (row < 0) return;
    const gpus = samples.gpus.map((gpu, index) => [`GPU ${index}`, gpu.util[row] === null ? "not measured" : percent(gpu.util[row])]);
    const values = [["CPU", percent(samples.cpu[row])], ["memory", percent(samples.ram[row])], ["root disk", percent(samples.disk[row])], ...gpus];
    if (samples.logins[row] !== null) values.push(["logged in", String(Math.round(samples.logins[row]))]);
    const time = document.createElement("time");
    time.dateTime = new Date(samples.t[row]).toISOString();
    time.dataset.ago = "";
    time.textContent = new Date(samples.t[row]).toLocaleTimeString();
    const words = values.map(([name, value]) => {
      const node = document.createElement("span");
      node.className = "num";
      node.textContent = `${name} ${value}`;
      return node;
    });
    this.root.querySelector("[data-latest]").replaceChildren("Latest values from ", time, ...words);
    const old = this.live && Date.now() + this.offset - samples.t[row] > OLD ? "last " : "";
    const beside = {
      cpu: values[0][1], ram: values[1][1], disk: values[2][1], gpus: gpus.map(([, value]) => value).join(" · "),
      net: `in ${rate(samples.net_in[row])} · out ${rate(samples.net_out[row])}`,
      io: `read ${rate(samples.disk_read[row])} · written ${rate(samples.disk_write[row])}`,
    };
    Object.entries(beside).forEach(([name, text]) => {
      const holder = this.root.querySelector(`[data-chart="${name}"]`);
      holder.querySelector("[data-now]").textContent = old + text;
      holder.querySelector("[data-plot]").setAttribute("aria-label", `${this.figures[name].title} over time, ${old || "now "}${text}; the values are in the table below`);
    });
  }

  fillTable() {
    const { samples } = this.series;
    if (!this.root.querySelector("[data-table]").open || !samples.t.length) return;
    const rows = [];
    for (let index = samples.t.length - 1; index >= 0 && rows.length < TABLE_ROWS; index -= 1) {
      const gpus = samples.gpus.map((gpu) => percent(gpu.util[index])).join(" ") || "–";
      const cells = [percent(samples.cpu[index], 1), percent(samples.ram[index], 1), percent(samples.disk[index], 1), gpus];
      const row = document.createElement("tr");
      row.append(...[new Date(samples.t[index]).toLocaleString(), ...cells].map((text, column) => {
        const cell = document.createElement("td");
        if (column) cell.className = "num";
        cell.textContent = text;
        return cell;
      }));
      rows.push(row);
    }
    this.root.querySelector("[data-rows]").replaceChildren(...rows);
  }
}

const shown = new Map();

function begin() {
  for (const root of shown.keys()) if (!root.isConnected) shown.delete(root);
  document.querySelectorAll("[data-graphs]").forEach((root) => {
    if (!shown.has(root)) shown.set(root, new Graphs(root));
  });
}

const each = (action) => shown.forEach((graphs, root) => { if (root.isConnected) action(graphs); });

begin();
document.body.addEventListener("htmx:load", begin);
document.body.addEventListener("samples", ({ detail }) => each((graphs) => {
  if (graphs.root.dataset.instance === detail.instance) graphs.receive(detail.samples);
}));
document.body.addEventListener("heal", () => each((graphs) => graphs.fetch()));
document.addEventListener("theme-changed", () => each((graphs) => graphs.draw()));
setInterval(() => each((graphs) => { if (graphs.live) graphs.draw(); }), SLIDE_EVERY);
setInterval(() => each((graphs) => { if (!graphs.live && !document.hidden) graphs.fetch(); }), HEAL_EVERY);
