// The upper edge of the dock: drawn by hand or moved by keys. The height is remembered in this browser.
const KEY = "remote.dock.height";
const LEAST = 20;
const MOST = 95;
const STEP = 5;

function stored() {
  try { return Number(localStorage.getItem(KEY)) || 42; } catch { return 42; }
}

export class Edge {
  constructor(dock, edge, unfold) {
    Object.assign(this, { dock, edge, unfold });
    edge.addEventListener("pointerdown", (event) => this.grab(event));
    edge.addEventListener("keydown", (event) => this.key(event));
    edge.addEventListener("dblclick", () => this.set(this.percent > 60 ? 42 : 90));
    window.addEventListener("resize", () => this.measure());
    this.set(stored(), false);
  }

  grab(event) {
    event.preventDefault();
    this.unfold();
    this.edge.setPointerCapture(event.pointerId);
    const move = (moved) => this.set(((innerHeight - moved.clientY) / innerHeight) * 100, false);
    const drop = () => {
      this.edge.removeEventListener("pointermove", move);
      this.set(this.percent);
    };
    this.edge.addEventListener("pointermove", move);
    this.edge.addEventListener("pointerup", drop, { once: true });
    this.edge.addEventListener("pointercancel", drop, { once: true });
  }

  key(event) {
    const to = { ArrowUp: this.percent + STEP, ArrowDown: this.percent - STEP, Home: MOST, End: LEAST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.unfold();
    this.set(to);
  }

  set(percent, keep = true) {
    this.percent = Math.round(Math.min(MOST, Math.max(LEAST, percent)));
    this.dock.style.setProperty("--dock-height", `${this.percent}dvh`);
    this.dock.toggleAttribute("data-tall", this.percent > 60);
    this.edge.setAttribute("aria-valuenow", this.percent);
    this.edge.setAttribute("aria-valuetext", `${this.percent} percent of the window`);
    if (keep) try { localStorage.setItem(KEY, this.percent); } catch { /* this page only */ }
    this.measure();
  }

  // The page below can be scrolled free of the dock.
  measure() {
    document.body.style.setProperty("--dock-room", `${this.dock.hidden ? 0 : this.dock.offsetHeight}px`);
  }
}
