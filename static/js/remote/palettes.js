// Colours of the terminal. "auto" follows the portal's light or dark.
const PAPER = {
  background: "#fbfbf8", foreground: "#16212a", cursor: "#0b5d70", cursorAccent: "#fbfbf8", selectionBackground: "#bfe0e7",
  black: "#16212a", red: "#ab2018", green: "#17713f", yellow: "#8a5200", blue: "#1f57a8", magenta: "#8a2f8f", cyan: "#0b5d70", white: "#6b7680",
  brightBlack: "#5f6c76", brightRed: "#c8382f", brightGreen: "#1f8a50", brightYellow: "#9a6a00", brightBlue: "#2f6fc9", brightMagenta: "#a544ab", brightCyan: "#117a92", brightWhite: "#475560",
};
const NIGHT = {
  background: "#0d1319", foreground: "#dfe6eb", cursor: "#ffb648", cursorAccent: "#0d1319", selectionBackground: "#2f5563",
  black: "#1e2832", red: "#ff8a7f", green: "#63cf93", yellow: "#f3bd5b", blue: "#8db9f5", magenta: "#d7a0e8", cyan: "#74c9dc", white: "#c9d3da",
  brightBlack: "#74828e", brightRed: "#ffaba3", brightGreen: "#8ee6b4", brightYellow: "#ffd68a", brightBlue: "#b3d2ff", brightMagenta: "#e9c1f5", brightCyan: "#a2dfec", brightWhite: "#ffffff",
};
const SOLARIZED = {
  black: "#073642", red: "#dc322f", green: "#859900", yellow: "#b58900", blue: "#268bd2", magenta: "#d33682", cyan: "#2aa198", white: "#eee8d5",
  brightBlack: "#586e75", brightRed: "#cb4b16", brightGreen: "#586e75", brightYellow: "#657b83", brightBlue: "#839496", brightMagenta: "#6c71c4", brightCyan: "#93a1a1", brightWhite: "#fdf6e3",
};
const CONTRAST = {
  background: "#000000", foreground: "#ffffff", cursor: "#ffff00", cursorAccent: "#000000", selectionBackground: "#ffff00", selectionForeground: "#000000",
  black: "#000000", red: "#ff6b6b", green: "#5dff5d", yellow: "#ffff5c", blue: "#7ab8ff", magenta: "#ff8cff", cyan: "#5cffff", white: "#ffffff",
  brightBlack: "#a8a8a8", brightRed: "#ff9c9c", brightGreen: "#9dff9d", brightYellow: "#ffffa6", brightBlue: "#b0d6ff", brightMagenta: "#ffbfff", brightCyan: "#b3ffff", brightWhite: "#ffffff",
};
const SCHEMES = {
  night: NIGHT,
  paper: PAPER,
  "solarized-dark": { ...SOLARIZED, background: "#002b36", foreground: "#93a1a1", cursor: "#93a1a1", selectionBackground: "#0f4a58" },
  "solarized-light": { ...SOLARIZED, background: "#fdf6e3", foreground: "#586e75", cursor: "#586e75", selectionBackground: "#d9d2bd" },
  contrast: CONTRAST,
};

function pageIsDark() {
  const chosen = document.documentElement.dataset.bsTheme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function palette(name) {
  const found = SCHEMES[name] || (pageIsDark() ? NIGHT : PAPER);
  return {
    ...found,
    overviewRulerBorder: "#00000000",
    scrollbarSliderBackground: `${found.foreground}33`,
    scrollbarSliderHoverBackground: `${found.foreground}66`,
    scrollbarSliderActiveBackground: `${found.foreground}88`,
  };
}
