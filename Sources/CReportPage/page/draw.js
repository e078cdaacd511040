// Colours, themes and the one way in which a chart is drawn.

// Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), which are told apart without colour vision; for dark paper
// the dark ones are lighter. Six colours by five shapes name thirty series before a pair comes again.
const palettes = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"],
  dark: ["#4a9fe0", "#f07a2e", "#2cc295", "#e59fc6", "#f2b63c", "#a5dbfb"],
};
const shapes = ["circle", "square", "triangle-up", "diamond", "triangle-down"];
const dashes = [[1, 0], [6, 2], [2, 2]];

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => {
  const given = document.documentElement.dataset.theme;
  return given ? given === "dark" : prefersDark.matches;
};
const isNarrow = () => innerWidth < 640;
const ink = () => (isDark() ? "#e4e7ee" : "#1f2430");
const quiet = () => (isDark() ? "#a4abb9" : "#59606e");

// How a series looks is the same in every chart and on every trace, whatever else is chosen.
const bySeries = new Map(report.configurations.map((c) => [c.series, c]));
const methods = [...bySeries.values()].filter((c) => c.kind !== "bound").map((c) => c.series);
const look = (name) => {
  const policy = bySeries.get(name)?.policy;
  const bounds = { oracle: [[6, 3], "diamond"], "oracle-mass": [[8, 2, 2, 2], "diamond"], dense: [[1, 0], "square"], random: [[2, 3], "cross"] };
  if (bounds[policy]) return { colour: policy === "random" ? quiet() : ink(), dash: bounds[policy][0], shape: bounds[policy][1] };
  return lookAt(Math.max(0, methods.indexOf(name)));
};
const lookAt = (place) => ({
  colour: palettes[isDark() ? "dark" : "light"][place % 6],
  shape: shapes[place % 5],
  dash: dashes[Math.floor(place / 6) % 3],
});
const scales = (names, of = look) => ({
  names, colours: names.map((n) => of(n).colour), shapes: names.map((n) => of(n).shape), dashes: names.map((n) => of(n).dash),
});

const config = () => {
  const grid = isDark() ? "#2b303b" : "#e6e8ed";
  const text = { labelColor: ink(), titleColor: ink(), labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600 };
  return {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { ...text, gridColor: grid, domainColor: quiet(), tickColor: quiet(), labelLimit: 160, labelOverlap: true, labelSeparation: 4 },
    legend: { ...text, orient: "bottom", direction: "horizontal", labelLimit: 260, symbolSize: 90, symbolStrokeWidth: 0, symbolBaseFillColor: ink(), ...(isNarrow() ? { layout: { bottom: { direction: "vertical", anchor: "start" } } } : {}) },
    title: { color: ink(), anchor: "start", fontSize: 13 },
    text: { color: ink(), fontSize: 12 }, rule: { color: ink() },
  };
};

// Puts values in the places of a specification that name them: "$name". Where the value is undefined the key goes.
const filled = (spec, values) => {
  if (typeof spec === "string" && spec.startsWith("$")) {
    if (!(spec.slice(1) in values)) throw new Error(`the chart asks for ${spec}`);
    return values[spec.slice(1)];
  }
  if (Array.isArray(spec)) return spec.map((part) => filled(part, values));
  if (spec && typeof spec === "object") {
    return Object.fromEntries(Object.entries(spec).map(([key, part]) => [key, filled(part, values)]).filter(([, part]) => part !== undefined));
  }
  return spec;
};

// The title of a horizontal axis in lines that a phone's width holds.
const broken = (spec) => {
  if (!spec || typeof spec !== "object") return spec;
  for (const [key, part] of Object.entries(spec)) {
    if (key === "x" && typeof part?.title === "string") part.title = part.title.match(/.{1,28}(?:\s|$)/g).map((line) => line.trim());
    else broken(part);
  }
  return spec;
};

const views = new Map();
const chains = new Map();
// Draws a chart into an element, or says why there is none; one drawing after the other.
const draw = (id, ...how) => {
  chains.set(id, (chains.get(id) ?? Promise.resolve()).then(() => drawNow(id, ...how)));
  return chains.get(id);
};
const drawNow = async (id, spec, values, caption, emptyNote) => {
  const element = document.getElementById(`chart-${id}`);
  const figcaption = element.parentElement.querySelector("figcaption");
  views.get(id)?.finalize();
  views.delete(id);
  element.replaceChildren();
  element.className = "chart";
  figcaption.textContent = "";
  if (!values) {
    element.className = "empty";
    element.textContent = emptyNote;
    return;
  }
  figcaption.textContent = caption.replaceAll(" %", "\u00a0%");
  const width = element.clientWidth;
  const columns = Math.max(1, Math.floor(width / 190));
  let drawn = filled(specs[spec], { columns, ...values });
  if (isNarrow()) drawn = broken(drawn);
  views.set(id, await vegaEmbed(element, drawn, {
    renderer: "svg", config: config(), tooltip: { theme: isDark() ? "dark" : "light" },
    actions: { export: true, source: false, compiled: false, editor: false }, downloadFileName: `fasa-sim-${id}`,
  }));
};
