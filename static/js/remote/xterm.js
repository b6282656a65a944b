// xterm within our Content-Security-Policy, which knows no inline style. It writes its rules into <style> elements and
// style attributes; here both become what scripts may set: constructed style sheets and the CSSOM.
import { Terminal } from "../../vendor/xterm/xterm.js";
import { FitAddon } from "../../vendor/xterm/fit.js";
import { SearchAddon } from "../../vendor/xterm/search.js";
import { Unicode11Addon } from "../../vendor/xterm/unicode11.js";
import { WebLinksAddon } from "../../vendor/xterm/web-links.js";

const make = (name, ...rest) => Document.prototype.createElement.call(document, name, ...rest);

// An element that takes rules as <style> does, without being one.
function sheetElement() {
  const element = make("template");
  const sheet = new CSSStyleSheet();
  const without = () => document.adoptedStyleSheets.filter((one) => one !== sheet);
  Object.defineProperty(element, "textContent", {
    get: () => "",
    set: (rules) => {
      sheet.replaceSync(rules);
      document.adoptedStyleSheets = [...without(), sheet];
    },
  });
  element.remove = () => {
    document.adoptedStyleSheets = without();
    Element.prototype.remove.call(element);
  };
  return element;
}

const create = (name, ...rest) => (name === "style" ? sheetElement() : make(name, ...rest));

// Colours that no rule has go into style attributes of spans. Our policy would refuse each, so nobody else loses by it.
HTMLSpanElement.prototype.setAttribute = function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
};

const guarded = new Proxy(document, {
  get(target, name) {
    if (name === "createElement") return create;
    const value = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
  set: (target, name, value) => Reflect.set(target, name, value, target),
});

// Parts of xterm ask for the page's own document, whatever document they were given: only while it opens.
function opening(terminal, element) {
  document.createElement = create;
  try {
    terminal.open(element);
  } finally {
    delete document.createElement;
  }
}

// The graphics card draws where there is one; where it is lost or absent, elements do.
async function drawFast(terminal) {
  try {
    const { WebglAddon } = await import("../../vendor/xterm/webgl.js");
    const addon = new WebglAddon();
    addon.onContextLoss(() => addon.dispose());
    terminal.loadAddon(addon);
    return "webgl";
  } catch {
    return "dom";
  }
}

function hasWebgl() {
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
}

// `onLink(address)`: somebody wants to follow a link that the machine printed.
export async function makeTerminal(element, options, onLink) {
  const follow = (_event, address) => onLink(address);
  const terminal = new Terminal({
    allowProposedApi: true,
    documentOverride: guarded,
    linkHandler: { activate: follow, allowNonHttpProtocols: false },
    ...options.xterm,
  });
  const fit = new FitAddon();
  const search = new SearchAddon({ highlightLimit: 2000 });
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  terminal.loadAddon(new WebLinksAddon(follow));
  // A machine neither reads nor writes anybody's clipboard.
  terminal.parser.registerOscHandler(52, () => true);
  opening(terminal, element);
  element.dataset.drawn = options.fast !== false && hasWebgl() ? await drawFast(terminal) : "dom";
  return { terminal, fit, search };
}
