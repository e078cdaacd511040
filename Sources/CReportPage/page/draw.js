// Colours, themes, ticks and the one way in which a chart is drawn.

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

// How a series looks is the same in every chart and on every trace, whatever else is chosen. The colours that are all
// different go to what is drawn at first.
const bySeries = new Map(report.configurations.map((c) => [c.series, c]));
const methods = unique([...(usedScopes.length ? chosenByDefault() : []), ...bySeries.keys()]).filter((name) => !bySeries.get(name).isBound);
const boundLooks = { oracle: [[6, 3], "diamond"], "oracle-mass": [[8, 2, 2, 2], "diamond"], dense: [[1, 0], "square"], random: [[2, 3], "cross"] };
const look = (name) => {
  const policy = bySeries.get(name)?.policy;
  if (boundLooks[policy]) return { colour: policy === "random" ? quiet() : ink(), dash: boundLooks[policy][0], shape: boundLooks[policy][1] };
  const place = Math.max(0, methods.indexOf(name));
  return { ...lookAt(place), ...(chosenColours().has(name) ? { colour: palette()[chosenColours().get(name)] } : {}) };
};
// Where two that are drawn would have one colour and another is free, the later one takes that.
const chosenColours = () => once("colours", () => {
  const taken = new Map();
  for (const name of methods.filter((each) => chosen().has(each) && !boundLooks[bySeries.get(each).policy])) {
    const own = methods.indexOf(name) % 6;
    const free = [...Array(6).keys()].map((i) => (own + i) % 6).find((colour) => ![...taken.values()].includes(colour));
    taken.set(name, free ?? own);
  }
  return taken;
});
const palette = () => palettes[isDark() ? "dark" : "light"];
const lookAt = (place) => ({ colour: palette()[place % 6], shape: shapes[place % 5], dash: dashes[Math.floor(place / 6) % 3] });
const scales = (names, of = look) => ({
  names, colours: names.map((n) => of(n).colour), shapes: names.map((n) => of(n).shape), dashes: names.map((n) => of(n).dash),
});

const config = () => {
  const grid = isDark() ? "#2b303b" : "#e6e8ed";
  const text = { labelColor: ink(), titleColor: ink(), labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600 };
  return {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { ...text, gridColor: grid, domainColor: quiet(), tickColor: quiet(), labelLimit: 160, labelOverlap: "greedy", labelSeparation: 4 },
    legend: { ...text, orient: "bottom", direction: "horizontal", labelLimit: 260, symbolSize: 90, symbolStrokeWidth: 0, symbolBaseFillColor: ink(), ...(isNarrow() ? { layout: { bottom: { direction: "vertical", anchor: "start" } } } : {}) },
    title: { color: ink(), anchor: "start", fontSize: 13 }, header: { labelColor: ink(), labelFontSize: 13, labelFontWeight: 600 },
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

// Ticks at 1, 2 and 5 times powers of ten, or at the powers alone where they are many; of a logarithmic axis, since those
// of a linear one are so by themselves.
const logTicks = (values) => {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  // A short axis is marked as a linear one.
  if (largest < 7 * least) {
    const step = [1, 2, 5, 10].map((part) => part * 10 ** Math.floor(Math.log10((largest - least) / 5 || least))).find((each) => (largest - least) / each <= 5) ?? least;
    const first = Math.floor(least / step);
    return Array.from({ length: Math.ceil(largest / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6))).filter((tick) => tick > 0);
  }
  const [low, high] = [least / 1.3, largest * 1.3];
  const steps = (parts) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const part of parts) ticks.push(Number(`${part}e${power}`));
    }
    return ticks.filter((tick) => tick >= low && tick <= high);
  };
  return [[1, 2, 5], [1, 3], [1]].map(steps).find((ticks) => ticks.length <= (isNarrow() ? 6 : mostTicks)) ?? steps([1]).filter((_, i) => i % 2 === 0);
};
const mostTicks = 10;
// Of bytes, which count in powers of two: 1, 4, 16, 64 and 256 of each unit.
const byteTicks = (values) => {
  const [low, high] = [Math.min(...values) / 1.5, Math.max(...values) * 1.5];
  return Array.from({ length: 21 }, (_, i) => 4 ** i).filter((tick) => tick >= low && tick <= high);
};
const byteLabels = "datum.value >= 1073741824 ? format(datum.value / 1073741824, '~r') + ' GiB' : datum.value >= 1048576 ? format(datum.value / 1048576, '~r') + ' MiB' : datum.value >= 1024 ? format(datum.value / 1024, '~r') + ' KiB' : datum.value + ' B'";
const shareLabels = "format(datum.value * 100, '~g') + '\u00a0%'";

// The chart library is in the page compressed; browsers unpack it themselves.
const library = (async () => {
  const packed = Uint8Array.from(atob(document.getElementById("report-vega").textContent), (character) => character.charCodeAt(0));
  const text = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  (0, eval)(text);
})();

const views = new Map();
const chains = new Map();
const drawn = new Map();
// Draws a chart into an element, or says why there is none; one drawing after the other, and none where nothing changed.
const draw = (id, spec, values, caption, emptyNote) => {
  const key = JSON.stringify([values ?? emptyNote, isDark(), values && document.getElementById(`chart-${id}`).parentElement.clientWidth]);
  document.getElementById(`chart-${id}`).parentElement.querySelector("figcaption").textContent = values ? caption.replaceAll(" %", "\u00a0%") : "";
  if (drawn.get(id) === key) return chains.get(id);
  drawn.set(id, key);
  chains.set(id, (chains.get(id) ?? library).then(() => drawNow(id, spec, values, emptyNote)));
  return chains.get(id);
};
const drawNow = async (id, spec, values, emptyNote) => {
  const element = document.getElementById(`chart-${id}`);
  views.get(id)?.finalize();
  views.delete(id);
  element.replaceChildren();
  element.className = "chart";
  if (!values) {
    element.className = "empty";
    element.textContent = emptyNote;
    return;
  }
  const columns = Math.max(1, Math.floor(element.clientWidth / 190));
  let made = filled(specs[spec], { columns, ...values });
  if (isNarrow()) made = broken(made);
  views.set(id, await vegaEmbed(element, made, {
    renderer: "svg", config: config(), tooltip: { theme: isDark() ? "dark" : "light" },
    actions: { export: true, source: false, compiled: false, editor: false }, downloadFileName: `fasa-sim-${id}`,
  }));
};
