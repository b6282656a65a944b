// What pages that plot share: Plotly, fetched once and only there, and the page's colours.
let plotly = null;
export function loadPlotly(url) {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => { plotly = null; reject(new Error("plotly")); });
    document.head.append(script);
  });
  return plotly;
}

// Variables are light-dark() pairs; what they come to here is asked of the browser.
export function colour(variable) {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
