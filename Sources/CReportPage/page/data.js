// The report's data, and what every chart asks of it.

// A column is written in the shortest of three ways: PackedTable.swift.
const unpackedColumn = (packed) => {
  if (Array.isArray(packed)) return packed;
  if (packed.of) return packed.at.map((place) => packed.of[place]);
  const values = [];
  for (let i = 0; i < packed.runs.length; i += 2) values.push(...Array(packed.runs[i + 1]).fill(packed.runs[i]));
  return values;
};
// Rows as objects, "recall.low" as `low` of `recall`, without what is undefined.
const unpacked = (columns) => {
  const rows = [];
  for (const [name, packed] of Object.entries(columns)) {
    const [outer, inner] = name.split(".");
    unpackedColumn(packed).forEach((value, i) => {
      const row = (rows[i] ??= {});
      const place = inner ? (row[outer] ??= {}) : row;
      if (value !== null) place[inner ?? outer] = value;
    });
  }
  return rows;
};
// Cells of a heat map, two characters each: CellText.swift.
const base64 = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((character, i) => [character, i]));
const unpackedCells = (text) => {
  const values = [];
  for (let i = 0; i < text.length; i += 2) {
    const code = base64.get(text[i]) * 64 + base64.get(text[i + 1]);
    values.push(code === 4095 ? undefined : code === 0 ? 0 : 2 ** ((code - 2814) / 128));
  }
  return values;
};

const report = JSON.parse(document.getElementById("report-data").textContent);
for (const name of ["traces", "scopes", "runs", "configurations", "traffic", "denseTraffic", "headMaps", "stages", "modelled", "live", "asked"]) report[name] = unpacked(report[name]);
const specs = JSON.parse(document.getElementById("report-charts").textContent);
const byId = (rows) => new Map(rows.map((row) => [row.id, row]));
const traces = byId(report.traces);
const scopes = byId(report.scopes);
const configurations = byId(report.configurations);
const runs = byId(report.runs);
const headMaps = new Map(report.headMaps.map((map) => [map.configuration, map]));
const grouped = (rows, key) => {
  const groups = new Map();
  for (const row of rows) groups.has(row[key]) ? groups.get(row[key]).push(row) : groups.set(row[key], [row]);
  return groups;
};
const trafficOf = grouped(report.traffic, "owner");

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
  // A label names only what differs from the defaults.
  c.isDefault = c.series === c.policy;
  if (labelCounts.get(`${c.scope} ${c.label}`) > 1) {
    const profile = c.profileDigest ? `, profile ${c.profileDigest.slice(0, 8)}` : "";
    c.series += ` (seed ${c.seed}${profile}, build ${c.build}, no. ${c.id})`;
  }
  c.name = c.budget === undefined ? c.series : `${c.series} @ ${c.budget}`;
  c.isBound = c.kind === "bound";
}

// What shares of dense attention's bytes a command asked its budgets to be, and how it counted them.
const bytesAsked = (command) => {
  const words = (command.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/s, "$1"));
  const values = (name) => words.flatMap((word, i) => (word === name ? (words[i + 1] ?? "") : word.startsWith(`${name}=`) ? word.slice(name.length + 1) : []));
  const shares = values("--budget-bytes").flatMap((list) => list.split(",")).map((text) => (text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text)));
  return { shares: shares.filter((share) => share > 0 && share <= 1), reading: values("--reading").at(-1) ?? "group-union" };
};
// Budgets by bytes are tokens, of each policy other ones. Of the shares that were asked for a configuration is of the one
// that its own is nearest to.
const byteBudgets = new Map();
const askedOf = grouped(report.asked, "configuration");
for (const c of report.configurations) {
  const asked = (askedOf.get(c.id) ?? []).map((row) => (runs.get(row.run).bytesAsked ??= bytesAsked(runs.get(row.run).commandLine)));
  c.isByBytes = asked.length > 0 && asked.every(({ shares }) => shares.length > 0);
  c.byteBudgets = [];
  for (const { shares, reading } of c.budget === undefined ? [] : asked.filter((one) => one.shares.length)) {
    const own = reading === "per-head" ? c.perHeadBytesShare : c.groupUnionBytesShare;
    if (!(own > 0)) continue;
    const apart = (share) => Math.abs(Math.log(own / share));
    const share = shares.reduce((best, each) => (apart(each) < apart(best) ? each : best));
    const key = `bytes ${share} ${reading}`;
    byteBudgets.set(key, { share, reading });
    if (!c.byteBudgets.includes(key)) c.byteBudgets.push(key);
  }
}

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
const percent = (value) => (value === undefined || value === null ? "–" : `${number(100 * value)}\u00a0%`);
const bytes = (value) => {
  if (value === undefined || value === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${number(value)} ${units[unit]}`;
};
const ordinal = (n) => `${n}${["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th"}`;
const unique = (values) => [...new Set(values)];
const ascending = (values) => unique(values).sort((a, b) => a - b);
