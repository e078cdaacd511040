// The report's data, and what every chart asks of it.

const report = JSON.parse(document.getElementById("report-data").textContent);
const specs = JSON.parse(document.getElementById("report-charts").textContent);
const byId = (rows) => new Map(rows.map((row) => [row.id, row]));
const traces = byId(report.traces);
const scopes = byId(report.scopes);
const configurations = byId(report.configurations);
const runs = byId(report.runs);

// A series is a policy with its parameters, whatever the budget: its label without the budget. Where a label stands for
// several configurations (other seeds, profiles or builds), each is a series of its own.
const labelCounts = new Map();
for (const c of report.configurations) {
  const key = `${c.scope} ${c.label}`;
  labelCounts.set(key, (labelCounts.get(key) ?? 0) + 1);
}
for (const c of report.configurations) {
  const ending = ` @ ${c.budget}`;
  c.series = c.budget !== undefined && c.label.endsWith(ending) ? c.label.slice(0, -ending.length) : c.label;
  if (labelCounts.get(`${c.scope} ${c.label}`) > 1) {
    const profile = c.profileDigest ? `, profile ${c.profileDigest.slice(0, 8)}` : "";
    c.series += ` (seed ${c.seed}${profile}, build ${c.build}, no. ${c.id})`;
  }
  c.name = c.budget === undefined ? c.series : `${c.series} @ ${c.budget}`;
}

// What the controls say.
const state = { scope: undefined, metric: "outputError", reading: "group-union", logX: false, logY: true, chosen: new Set() };

const inScope = () => report.configurations.filter((c) => c.scope === state.scope);
const chosenInScope = () => inScope().filter((c) => state.chosen.has(c.series));
// The frame first, then in the order of storing.
const seriesInScope = () => {
  const first = ["oracle", "dense", "random"];
  const place = (c) => (first.includes(c.policy) ? first.indexOf(c.policy) : first.length);
  const sorted = [...inScope()].sort((a, b) => place(a) - place(b) || a.id - b.id);
  return [...new Map(sorted.map((c) => [c.series, c])).values()];
};
const bytesShare = (c) => (state.reading === "per-head" ? c.perHeadBytesShare : c.groupUnionBytesShare);

const metrics = {
  outputError: { title: "output error, relative", short: "output error" },
  weightedOutputError: { title: "output error weighted by the outputs' norms", short: "weighted output error" },
  projectedOutputError: { title: "output error of whole layers, after their output projection", short: "projected output error" },
  recall: { title: "recall, share of the oracle's tokens", short: "recall" },
  mass: { title: "attention mass on the chosen tokens, share", short: "mass" },
};
const isError = (metric) => metric.toLowerCase().endsWith("outputerror");
const readings = {
  "per-head": "every query head reads for itself",
  "group-union": "the heads of a KV group share reads",
};

// Numbers as people read them.
const number = (value, digits = 3) =>
  value === undefined || value === null ? "–" : Number.isInteger(value) ? value.toLocaleString("en") : Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits });
const percent = (value) => (value === undefined || value === null ? "–" : `${number(100 * value)} %`);
const range = (e) => (e.value === undefined ? "–" : e.low === undefined ? number(e.value) : `${number(e.value)} (${number(e.low)} to ${number(e.high)})`);
const bytes = (value) => {
  if (value === undefined || value === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${number(value)} ${units[unit]}`;
};
const unique = (values) => [...new Set(values)];
