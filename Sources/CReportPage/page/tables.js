// Tables. Text from the database is set as text, never as HTML.

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// `text` gives what a cell shows, a text or an element; `value` what it is sorted by. Columns that are not `isMain` wait
// on a phone until their row is opened.
const column = (key, title, unit, value, text, style, isMain = true) => ({ key, title, unit, value, text, style, isMain });
const more = (made) => ({ ...made, isMain: false });
const plain = (key, title, unit, text = number, value = (c) => c[key]) => column(key, title, unit, value, (c) => text(value(c)));
const texts = (key, title, value = (c) => c[key], style = "text") => column(key, title, "", value, (c) => value(c) ?? "–", style);
// With its interval below, where that is the mean's own.
const estimate = (key, title, unit) => column(key, title, unit, (c) => c[key].value, (c) => {
  const { value, low, high } = c[key];
  if (low === undefined || (key !== "speedup" && c.intervals !== "steps")) return number(value);
  return element("span", {}, number(value), " ", element("small", {}, `${number(low)} to ${number(high)}`));
});
// Pressed, a name shows that configuration head by head.
const nameColumn = (key, title) => column(key, title, "", (c) => c[key], (c) => {
  if (!headMaps.has(c.id)) return c[key];
  const button = element("button", { type: "button", class: "name", title: "show head by head" }, c[key]);
  button.addEventListener("click", () => {
    change({ show: c.name, ...(c.scope === scopeId() ? {} : { trace: String(c.scope), policies: "" }) });
    control("heads").scrollIntoView({ behavior: "smooth" });
  });
  return button;
}, "text name");

const rowsInto = (table, columns, rows, order, onSort) => {
  const body = element("tbody", {}, ...rows.map((row) => {
    const line = element("tr", { class: row.isBound ? "bound" : "" }, ...columns.map((c) =>
      element("td", { class: `${c.style ?? ""}${c.isMain ? "" : " more"}`, "data-title": `${c.title}${c.unit ? `, ${c.unit}` : ""}` }, c.text(row) ?? "–")));
    if (columns.some((c) => !c.isMain)) {
      const open = element("button", { type: "button", class: "open" }, "all figures");
      open.addEventListener("click", () => line.classList.toggle("opened"));
      line.append(element("td", { class: "opener" }, open));
    }
    return line;
  }));
  const head = element("tr", {}, ...columns.map((c) => {
    const isSorted = order?.key === c.key;
    const title = c.title + (isSorted ? (order.sign > 0 ? " ▲" : " ▼") : "");
    const label = onSort ? element("button", { type: "button" }, title) : title;
    if (onSort) label.addEventListener("click", () => onSort(c));
    const sort = isSorted ? (order.sign > 0 ? "ascending" : "descending") : "none";
    return element("th", { class: c.style ?? "", scope: "col", ...(onSort ? { "aria-sort": sort } : {}) }, label, element("small", {}, c.unit ?? ""));
  }));
  table.replaceChildren(element("thead", {}, head), body);
};

const sorted = (rows, columns, order) => {
  const value = columns.find((c) => c.key === order.key)?.value;
  if (!value) return rows;
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
    return order.sign * (typeof left === "string" ? left.localeCompare(right, "en", { numeric: true }) : left - right);
  });
};
// A press on a head sorts: first the larger numbers, texts from A on; then the other way round. Undefined values stay last.
const pressed = (order, c) => ({ key: c.key, sign: order.key === c.key ? -order.sign : c.style ? 1 : -1 });
const sortable = (table, columns, rows, order) => {
  const fill = () => rowsInto(table, columns, sorted(rows, columns, order), order, (c) => {
    Object.assign(order, pressed(order, c));
    fill();
  });
  fill();
};

const summaryColumns = [
  nameColumn("name", "configuration"), texts("kind", "kind"), estimate("outputError", "output error", "relative"),
  more(estimate("weightedOutputError", "output error", "weighted by norm")),
  // Of traces that hold the layers' output projections alone.
  ...(report.configurations.some((c) => c.projectedOutputError.value !== undefined) ? [more(estimate("projectedOutputError", "output error", "after the projection"))] : []),
  estimate("recall", "recall", "share"), more(estimate("mass", "mass", "share")),
  plain("groupUnionBytesShare", "bytes per group", "of dense's", percent), more(plain("perHeadBytesShare", "bytes per head", "of dense's", percent)),
  more(plain("selected", "selected", "tokens")), more(plain("selectedShare", "of the visible", "share", percent)),
  more(plain("lowestHeadRecall", "worst head's recall", "share")), more(plain("massRatio", "mass", "of oracle's")),
  more(plain("highestHeadOutputError", "worst head's error", "relative")), more(plain("oracleOutputError", "oracle's error", "relative")),
  more(plain("residentBytes", "resident", "bytes", bytes)), more(estimate("speedup", "kernel speed-up", "×, measured")),
  more(texts("parameters", "parameters", parametersText, "text long")), more(texts("exactResultsDigest", "exact results", (c) => c.exactResultsDigest, "text digest")),
];
const traceColumn = texts("trace", "trace", (c) => traces.get(scopes.get(c.scope).trace).textTitle);
// The view's `sort` is a column's key, with + before it for rising values and − for falling ones; at first the least error.
const summaryOrder = () => {
  const [, sign, key] = view.sort.match(/^([+-])(.+)$/) ?? [, "+", "outputError"];
  return { key, sign: sign === "+" ? 1 : -1 };
};
const sortText = (order) => `${order.sign > 0 ? "+" : "-"}${order.key}`;
const mostRows = 100;
let summaryDrawn = "";
let isSummaryWhole = false;
const drawSummary = () => {
  const isAll = view.rows === "all";
  const all = isAll ? report.configurations : inScope();
  const found = all.filter(isFound);
  const columns = isAll ? [summaryColumns[0], traceColumn, ...summaryColumns.slice(1)] : summaryColumns;
  const order = summaryOrder();
  const { configurations: stored } = report.counts;
  const cut = report.configurations.length < stored ? ` The page shows ${number(report.configurations.length, 6)} of the database's ${number(stored, 6)}: of each policy and budget the least output errors first; fasa-sim report --most-configurations ${stored} shows all.` : "";
  const rows = sorted(found, columns, order);
  const shown = isSummaryWhole ? rows : rows.slice(0, mostRows);
  control("summary-note").textContent =
    `${view.find ? `${number(found.length)} of ` : ""}${number(all.length)} configurations of ${isAll ? "all traces" : "this trace"}, whatever is chosen above.${cut}`;
  offer("sort", columns.filter((c) => !c.style?.includes("digest")).flatMap((c) => [[`+${c.key}`, `${c.title}${c.unit ? `, ${c.unit}` : ""} ▲`], [`-${c.key}`, `${c.title}${c.unit ? `, ${c.unit}` : ""} ▼`]]), sortText(order));
  control("summary-more").hidden = rows.length <= mostRows;
  control("summary-more").textContent = isSummaryWhole ? `the first ${mostRows}` : `all ${number(rows.length)} rows`;
  const drawn = [view.rows, scopeId(), sortText(order), view.find, shown.length].join("\n");
  if (drawn === summaryDrawn) return;
  summaryDrawn = drawn;
  rowsInto(control("summary-table"), columns, shown, order, (c) => change({ sort: sortText(pressed(order, c)) }));
};

// The shortest context from which on a policy is faster than dense attention, on the contexts that were priced.
const firstFaster = (times) => {
  const points = times.sort((a, b) => a.contextTokens - b.contextTokens);
  if (!points.length) return undefined;
  const slower = points.findLastIndex((p) => p.denseNs <= p.policyNs);
  return slower + 1 < points.length ? { tokens: points[slower + 1].contextTokens, first: slower < 0 } : { tokens: Infinity };
};
// Kept, so that what the reader sorted by stays when the view changes.
const crossoverOrder = { key: "", sign: 1 };
const drawCrossoverTable = (rows) => {
  const table = control("crossover-table");
  const hardware = unique(rows.map((r) => r.hardware));
  const found = new Map([...grouped(rows, "configuration")].map(([id, own]) => [id, grouped(own, "hardware")]));
  const crossovers = new Map();
  const crossover = (id, name) => {
    const key = `${id} ${name}`;
    if (!crossovers.has(key)) crossovers.set(key, firstFaster([...(found.get(id)?.get(name) ?? [])]));
    return crossovers.get(key);
  };
  const text = (at) => (!at ? "–" : at.tokens === Infinity ? "never" : `${at.first ? "≤ " : ""}${number(at.tokens, 6)}`);
  const columns = [texts("name", "configuration"), ...hardware.map((name) => column(name, name, "tokens", (c) => crossover(c.id, name)?.tokens, (c) => text(crossover(c.id, name))))];
  const listed = [...found.keys()].map((id) => configurations.get(id));
  table.replaceChildren();
  if (listed.length) sortable(table, columns, listed, crossoverOrder);
};
