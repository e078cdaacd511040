// Tables and where everything comes from. Text from the database is set as text, never as HTML.

const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// A table whose columns sort by a press on their head: first the larger numbers, texts from A on; then the other way round.
// Undefined values stay last.
const sortable = (table, columns, rows, order) => {
  const fill = () => {
    const body = element("tbody");
    const sorted = [...rows];
    if (order.key) {
      const value = columns.find((c) => c.key === order.key).value;
      sorted.sort((a, b) => {
        const [left, right] = [value(a), value(b)];
        if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
        return order.sign * (typeof left === "string" ? left.localeCompare(right, "en", { numeric: true }) : left - right);
      });
    }
    for (const row of sorted) {
      body.append(element("tr", {}, ...columns.map((c) => element("td", { class: c.style ?? "" }, c.text(row)))));
    }
    const head = element("tr", {}, ...columns.map((c) => {
      const button = element("button", { type: "button" }, c.title + (order.key === c.key ? (order.sign > 0 ? " ▲" : " ▼") : ""));
      button.addEventListener("click", () => {
        const first = c.style ? 1 : -1;
        order.sign = order.key === c.key ? -order.sign : first;
        order.key = c.key;
        fill();
      });
      const sort = order.key === c.key ? (order.sign > 0 ? "ascending" : "descending") : "none";
      return element("th", { class: c.style ?? "", scope: "col", "aria-sort": sort }, button, element("small", {}, c.unit ?? ""));
    }));
    table.replaceChildren(element("thead", {}, head), body);
  };
  fill();
};

const column = (key, title, unit, value, text, style) => ({ key, title, unit, value, text, style });
const plain = (key, title, unit, text = number, value = (c) => c[key]) => column(key, title, unit, value, (c) => text(value(c)));
const texts = (key, title, value = (c) => c[key], style = "text") => column(key, title, "", value, (c) => value(c) ?? "–", style);
const estimate = (key, title, unit) => column(key, title, unit, (c) => c[key].value, (c) => range(c[key]));
const summaryColumns = [
  texts("name", "configuration"), texts("kind", "kind"), estimate("recall", "recall", "share"), plain("lowestHeadRecall", "worst head's", "share"),
  estimate("mass", "mass", "share"), plain("massRatio", "of oracle's", "ratio"), estimate("outputError", "output error", "relative"),
  plain("highestHeadOutputError", "worst head's", "relative"), plain("oracleOutputError", "oracle's", "relative"), estimate("weightedOutputError", "output error", "weighted by norm"),
  // Of traces that hold the layers' output projections alone.
  ...(report.configurations.some((c) => c.projectedOutputError.value !== undefined) ? [estimate("projectedOutputError", "output error", "after the projection")] : []),
  plain("selected", "selected", "tokens"),
  plain("selectedShare", "of the visible", "share", percent), plain("perHeadBytesShare", "bytes per head", "of dense's", percent),
  plain("groupUnionBytesShare", "bytes per group", "of dense's", percent), plain("residentBytes", "resident", "bytes", bytes),
  estimate("speedup", "kernel speed-up", "×, measured"), texts("parameters", "parameters"), texts("exactResultsDigest", "exact results", (c) => c.exactResultsDigest, "text digest"),
];
const summaryOrder = { key: "", sign: 1 };
const drawSummary = () => {
  sortable(document.getElementById("summary-table"), summaryColumns, inScope(), summaryOrder);
  const { configurations: all } = report.counts;
  const shown = report.configurations.length;
  const cut = shown < all ? ` The page shows ${number(shown, 6)} of the database's ${number(all, 6)}: of each policy and budget the least output errors first.` : "";
  document.getElementById("summary-note").textContent =
    `${inScope().length} configurations of this trace, whatever is chosen above. Press a column's head to sort.${cut}`;
};

// The shortest context from which on a policy is faster than dense attention, on the contexts that were priced.
const drawCrossoverTable = (geometry, batch) => {
  const table = document.getElementById("crossover-table");
  const rows = modelledInScope().filter((m) => m.geometry === geometry && m.batch === batch && m.policyNs > 0 && m.denseNs !== undefined && state.chosen.has(configurations.get(m.configuration).series));
  const hardware = unique(rows.map((r) => r.hardware));
  const crossover = (id, name) => {
    const points = rows.filter((r) => r.configuration === id && r.hardware === name).sort((a, b) => a.contextTokens - b.contextTokens);
    const slower = points.findLastIndex((p) => p.denseNs <= p.policyNs);
    if (!points.length) return undefined;
    return slower + 1 < points.length ? { tokens: points[slower + 1].contextTokens, first: slower < 0 } : { tokens: Infinity };
  };
  const text = (found) => (!found ? "–" : found.tokens === Infinity ? "never" : `${found.first ? "≤ " : ""}${number(found.tokens, 6)}`);
  const columns = [texts("name", "configuration"), ...hardware.map((name) => column(name, name, "tokens", (c) => crossover(c.id, name)?.tokens, (c) => text(crossover(c.id, name))))];
  const listed = chosenInScope().filter((c) => rows.some((r) => r.configuration === c.id));
  table.replaceChildren();
  if (listed.length) sortable(table, columns, listed, { key: "", sign: 1 });
};

const facts = (pairs) => element("table", {}, ...pairs.map(([name, value]) => element("tr", {}, element("td", { class: "text" }, name), element("td", { class: "text wide" }, value))));
const drawProvenance = () => {
  const body = document.getElementById("provenance-body");
  const boxed = (title, open, ...content) => element("details", open ? { open: "" } : {}, element("summary", {}, title), ...content.map((c) => element("div", { class: "scroll" }, c)));
  const code = (text) => element("code", {}, text ?? "–");
  const traceFacts = report.traces.map((t) => facts([
    ["trace", code(t.path)], ["SHA-256", code(t.digest)], ["file", bytes(t.fileBytes)],
    ["model", `${t.modelName}, ${t.modelArchitecture}, ${t.modelWeights}: ${t.modelLayers} layers, ${t.queryHeads} query heads, ${t.kvHeads} KV heads, ${t.headDim} channels`],
    ["text", `${t.textTitle} (${t.textKind}, ${t.textLicence})`], ["tokens", `${number(t.promptTokens, 9)} prompt, ${number(t.decodeTokens, 9)} decoded (${t.captureSampling})`],
    ["captured", `by ${t.captureTool} with ${t.captureEngine}`],
  ]));
  const profileFacts = report.profiles.map((p) => facts([
    ["SHA-256", code(p.digest)], ["model", p.modelName], ["chunks", p.slices], ["texts", p.texts.join("; ")], ["K, tokens", p.windows.map((w) => w.window).join(", ")],
  ]));
  const runFacts = report.runs.map((r) => facts([
    ["command", code(r.commandLine)], ["version", `fasa-sim ${r.toolVersion}${r.gitCommit ? `, commit ${r.gitCommit}` : ""}`],
    ["machine", `${r.hostCpu}, ${r.instructionSet}, ${r.threads} threads${r.readBandwidthBytesPerS ? `, read bandwidth ${number(r.readBandwidthBytesPerS / 1e9)} GB/s` : ""}`],
    ["ran", `${r.startedAt} to ${r.endedAt ?? "no end: it was stopped"}`], ["exact results", code(r.exactResultsDigest)],
  ]));
  const { runs: all } = report.counts;
  body.append(
    boxed(`traces (${report.traces.length})`, true, ...traceFacts), boxed(`calibration profiles (${report.profiles.length})`, false, ...profileFacts),
    boxed(`runs (${all > report.runs.length ? `the newest ${report.runs.length} of ${number(all, 6)}` : all})`, true, ...runFacts));
};
