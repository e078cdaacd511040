// Quality against bytes and time, head by head, and what the bytes are.

// What is drawn on a logarithmic axis must be positive.
const onAxis = (value, isLog) => value !== undefined && (!isLog || value > 0);
// A bar is the doubt about a mean, and nothing else: the heads' spread is in the heat maps.
const hasBar = (c) => c.intervals === "steps" && c[view.metric].low !== undefined;
const intervalsText = (rows) => {
  const count = rows.filter(hasBar).length;
  if (!count) return `No bars: fewer than ${report.counts.fewestSteps} steps give no intervals, nor does what an older fasa-sim stored as means alone.`;
  const some = count < rows.length ? `, of ${report.counts.fewestSteps} steps or more (${count} of ${rows.length})` : "";
  return `Bars: 95 % interval of the mean, ${number(report.counts.resamples)} times drawn anew over blocks of steps${some}.`;
};

const qualityPoint = (c) => {
  const e = c[view.metric];
  const isBarred = hasBar(c);
  return {
    series: c.series, name: c.name, y: e.value, low: isBarred && onAxis(e.low, isLogY()) ? e.low : e.value, high: isBarred ? e.high : e.value,
    value: number(e.value), selected: c.selected ?? 0,
    interval: e.low === undefined ? "none" : `${number(e.low)} to ${number(e.high)}${isBarred ? "" : ", of the heads' means (5th to 95th percentile)"}`,
    moved: percent(bytesShare(c)), tokens: percent(c.selectedShare),
  };
};
const qualityScale = (rows, xTicks) => ({
  yScale: isLogY() ? "log" : "linear", yZero: isLogY() ? undefined : !isError(view.metric), yTicks: isLogY() ? logTicks(rows.flatMap((r) => [r.low, r.high])) : undefined,
  xScale: isLogX() ? "log" : "linear", xZero: isLogX() ? undefined : false, xTicks: isLogX() ? logTicks(xTicks) : undefined,
  // The library thins out ticks beyond a count, given ones too.
  xCount: isLogX() ? mostTicks : 6, yCount: isLogY() ? mostTicks : 6,
  metric: metrics[view.metric].title, metricShort: metrics[view.metric].short, barOpacity: barOpacity(rows),
});
// The more lines there are, the quieter are their bars.
const barOpacity = (rows) => (unique(rows.map((r) => r.series)).length > 4 ? 0.35 : 0.55);
const zeroNote = (all, drawn) =>
  all.length > drawn.length && isLogY() ? ` Zero, and so not on a logarithmic axis: ${all.filter((c) => !drawn.includes(c)).map((c) => c.name).slice(0, 4).join(", ")}.` : "";
const chooseNote = "Nothing to draw: choose a policy above.";

const drawQuality = () => {
  const all = chosenInScope().filter((c) => metricOf(c) !== undefined && bytesShare(c) !== undefined);
  const shown = all.filter((c) => onAxis(metricOf(c), isLogY()) && onAxis(bytesShare(c), isLogX()));
  const rows = shown.map((c) => ({ ...qualityPoint(c), x: bytesShare(c) }));
  const values = rows.length ? { rows, ...scales(unique(shown.map((c) => c.series))), ...qualityScale(rows, [...rows.map((r) => r.x), 1]), shareLabels } : undefined;
  const caption = `Lines join the budgets of a policy; left moves fewer bytes, ${isError(view.metric) ? "lower errs less" : "higher is better"}. Bytes read and written, choosing included, where ${readings[view.reading]}. ${rows.length ? intervalsText(shown) : ""}${zeroNote(all, shown)} The dashed line is dense attention's bytes.`;
  return draw("quality", "quality", values, caption, chooseNote);
};

// Policies before bounds, and those that the search finds, where it finds any.
const mapped = () => {
  const all = inScope().filter((c) => headMaps.has(c.id));
  const found = all.filter(isFound);
  const listed = found.length ? found : all;
  const shown = all.find((c) => c.name === view.show);
  const ordered = [...listed.filter((c) => !c.isBound), ...listed.filter((c) => c.isBound)];
  return shown && !ordered.includes(shown) ? [shown, ...ordered] : ordered;
};
const mappedByDefault = (all) => all.find((c) => c.name === view.show) ?? all.find((c) => isAtBudget(c) && c.series === "fasa") ?? all[0];
const heat = (id, rows, column, title, value, scheme, domain, caption, empty) => {
  const layers = unique(rows.map((r) => r.layer)).length;
  const height = Math.min(560, Math.max(100, layers * 12));
  return draw(id, "heat", rows.length ? { rows, column, title, value, scheme, domain, height } : undefined, caption, empty);
};
const cellsOf = (shape, text) => (shape ? unpackedCells(text).map((value, i) => ({ layer: shape.layers[i], column: shape.columns[i], value })) : []);
const highest = (cells) => Math.max(1e-9, ...cells.map((cell) => cell.value ?? 0));
const drawHeads = () => {
  const c = mappedByDefault(mapped());
  const map = headMaps.get(c?.id);
  const shape = report.shapes[map?.shape];
  const [recall, errors] = [cellsOf(shape, map?.recall), cellsOf(shape, map?.outputError)];
  const kept = map ? "Means over the scored steps, to two digits. Blank: undefined." : "";
  const empty = "None of this trace's configurations is among those drawn head by head.";
  heat("head-recall", recall, "query head", `recall of ${c?.name}`, "share of the oracle's tokens", "viridis", [0, 1], kept, empty);
  return heat("head-error", errors, "query head", `output error of ${c?.name}`, "relative error", "inferno", [0, highest(errors)], kept, empty);
};
const drawAgreement = (profile, window) => {
  const found = profile?.windows.find((w) => w.window === window);
  const [heads, chunks] = [found?.heads, found?.chunks].map((grid) => cellsOf(grid, grid?.cells));
  const empty = "No calibration profile is stored: replaying a policy that needs one, such as fasa, stores it.";
  const from = profile ? `Calibrated on ${profile.texts.join("; ")}.` : "";
  heat("agreement-heads", heads, "query head", "mean over chunks", "share found by a chunk alone", "viridis", [0, highest(heads)], from, empty);
  return heat("agreement-chunks", chunks, "chunk", "mean over query heads", "share found by the chunk alone", "viridis", [0, highest(chunks)],
    "Chunk 0 turns fastest.", empty);
};

const contents = ["keys", "values", "metadata", "scores", "state"];
const mostBars = 40;
const drawBytes = () => {
  const shown = chosenInScope().slice(0, mostBars);
  const key = view.reading === "per-head" ? "perHeadBytes" : "groupUnionBytes";
  const sum = (rows) => rows.reduce((total, row) => total + row[key], 0);
  const dense = sum(report.denseTraffic.filter((t) => t.owner === scopeId()));
  const named = (t) => `${t.pattern === "gather" ? "gathered rows" : "streamed"}${t.tier === "host" ? ", host" : ""}`;
  const patterns = ["streamed", "gathered rows", "streamed, host", "gathered rows, host"];
  const rows = shown.flatMap((c) =>
    (trafficOf.get(c.id) ?? []).map((t) => ({
      name: c.name, content: t.content, pattern: named(t), share: t[key] / dense, shareText: percent(t[key] / dense), bytes: bytes(t[key]),
      place: contents.indexOf(t.content) * 4 + patterns.indexOf(named(t)),
    })));
  const used = patterns.filter((p) => rows.some((r) => r.pattern === p));
  const parts = contents.filter((p) => rows.some((r) => r.content === p));
  const values = rows.length && dense > 0 ? {
    rows, shareLabels, order: shown.map((c) => c.name), contents: parts, colours: parts.map((p) => palette()[contents.indexOf(p)]),
    patterns: used, opacities: used.map((p) => [1, 0.55, 0.8, 0.3][patterns.indexOf(p)]), height: 22 * unique(rows.map((r) => r.name)).length, labelLimit: isNarrow() ? 150 : 260,
  } : undefined;
  const cut = chosenInScope().length > mostBars ? ` The first ${mostBars} of ${chosenInScope().length} chosen configurations.` : "";
  return draw("bytes", "bytes", values,
    `Read and written over all scored steps, where ${readings[view.reading]}. Metadata is what a policy keeps beside the cache to choose by; scores pass between kernels; state is what an evicting policy carries.${cut}`,
    chooseNote);
};
