// Quality against bytes and time, head by head, and what the bytes are.

// What is drawn on a logarithmic axis must be positive.
const onAxis = (value, isLog) => value !== undefined && (!isLog || value > 0);
const intervalsText = (rows) => {
  const kinds = unique(rows.map((c) => c.intervals));
  const texts = {
    steps: `95 % intervals of the mean, ${number(report.counts.resamples)} times drawn anew over blocks of steps`,
    heads: "5th to 95th percentile of the heads' means, which is their spread, for want of stored steps (replay --detail step)",
  };
  const of = (kind) => (kinds.length > 1 ? ` (${rows.filter((c) => c.intervals === kind).length} of ${rows.length})` : "");
  return `Bars: ${kinds.map((kind) => texts[kind] + of(kind)).join("; ")}.`;
};

const qualityPoint = (c) => {
  const e = c[state.metric];
  const low = onAxis(e.low, state.logY) ? e.low : e.value;
  return {
    series: c.series, name: c.name, y: e.value, low, high: e.high ?? e.value, value: number(e.value), selected: c.selected ?? 0,
    interval: e.low === undefined ? "none" : `${number(e.low)} to ${number(e.high)} (${c.intervals})`,
    moved: percent(bytesShare(c)), tokens: percent(c.selectedShare),
  };
};
const qualityScale = () => ({
  yScale: state.logY ? "log" : "linear", yZero: state.logY ? undefined : !isError(state.metric),
  xScale: state.logX ? "log" : "linear", xZero: state.logX ? undefined : false, metric: metrics[state.metric].title, metricShort: metrics[state.metric].short,
});
const zeroNote = (all, drawn) =>
  all.length > drawn.length && state.logY ? ` Zero, and so not on a logarithmic axis: ${all.filter((c) => !drawn.includes(c)).map((c) => c.name).slice(0, 4).join(", ")}.` : "";

const drawQuality = () => {
  const all = chosenInScope().filter((c) => c[state.metric].value !== undefined && bytesShare(c) !== undefined);
  const shown = all.filter((c) => onAxis(c[state.metric].value, state.logY) && onAxis(bytesShare(c), state.logX));
  const rows = shown.map((c) => ({ ...qualityPoint(c), x: bytesShare(c) }));
  const values = rows.length ? { rows, ...scales(unique(shown.map((c) => c.series))), ...qualityScale() } : undefined;
  const caption = `Lines join the budgets of a policy. Bytes read and written, choosing included, where ${readings[state.reading]}. ${rows.length ? intervalsText(shown) : ""}${zeroNote(all, shown)} The dashed line is dense attention's bytes.`;
  return draw("quality", "quality", values, caption, "Nothing to draw: choose a policy above.");
};

// Policies before bounds.
const headMaps = () => {
  const isBound = (m) => configurations.get(m.configuration).kind === "bound";
  const maps = report.headMaps.filter((m) => configurations.get(m.configuration).scope === state.scope);
  return [...maps.filter((m) => !isBound(m)), ...maps.filter(isBound)];
};
const heat = (id, rows, column, title, value, scheme, domain, caption, empty) => {
  const layers = unique(rows.map((r) => r.layer)).length;
  const height = Math.min(560, Math.max(80, layers * 12));
  return draw(id, "heat", rows.length ? { rows, column, title, value, scheme, domain, height } : undefined, caption, empty);
};
const drawHeads = (chosen) => {
  const map = headMaps().find((m) => m.configuration === chosen) ?? headMaps()[0];
  const cells = (values) => (map ? map.layers.map((layer, i) => ({ layer, column: map.queryHeads[i], value: values[i] })) : []);
  const kept = map ? "Means over the scored steps. Blank: undefined." : "";
  const empty = "None of this trace's configurations is among those drawn head by head.";
  const errors = cells(map?.outputError);
  const most = Math.max(1e-9, ...errors.map((r) => r.value ?? 0));
  heat("head-recall", cells(map?.recall), "query head", "recall", "share of the oracle's tokens", "viridis", [0, 1], kept, empty);
  return heat("head-error", errors, "query head", "output error", "relative error", "inferno", [0, most], kept, empty);
};
const drawAgreement = (profile, window) => {
  const found = profile?.windows.find((w) => w.window === window);
  const cells = (rows) => (rows ?? []).map(([layer, column, value]) => ({ layer, column, value }));
  const most = (rows) => Math.max(1e-9, ...rows.map((r) => r.value ?? 0));
  const [heads, chunks] = [cells(found?.heads), cells(found?.chunks)];
  const empty = "No calibration profile is stored: replaying a policy that needs one, such as fasa, stores it.";
  const from = profile ? `Calibrated on ${profile.texts.join("; ")}.` : "";
  heat("agreement-heads", heads, "query head", "mean over chunks", "share found by a chunk alone", "viridis", [0, most(heads)], from, empty);
  return heat("agreement-chunks", chunks, "chunk", "mean over query heads", "share found by the chunk alone", "viridis", [0, most(chunks)],
    "Chunk 0 turns fastest.", empty);
};

const contents = ["keys", "values", "metadata", "scores", "state"];
const mostBars = 40;
const drawBytes = () => {
  const shown = chosenInScope().slice(0, mostBars);
  const key = state.reading === "per-head" ? "perHeadBytes" : "groupUnionBytes";
  const sum = (rows) => rows.reduce((total, row) => total + row[key], 0);
  const dense = sum(report.denseTraffic.filter((t) => t.owner === state.scope));
  const named = (t) => `${t.pattern === "gather" ? "gathered rows" : "streamed"}${t.tier === "host" ? ", host" : ""}`;
  const patterns = ["streamed", "gathered rows", "streamed, host", "gathered rows, host"];
  const rows = shown.flatMap((c) =>
    report.traffic.filter((t) => t.owner === c.id).map((t) => ({
      name: c.name, content: t.content, pattern: named(t), share: t[key] / dense, shareText: percent(t[key] / dense), bytes: bytes(t[key]),
      place: contents.indexOf(t.content) * 4 + patterns.indexOf(named(t)),
    })));
  const used = patterns.filter((p) => rows.some((r) => r.pattern === p));
  const parts = contents.filter((p) => rows.some((r) => r.content === p));
  const values = rows.length && dense > 0 ? {
    rows, order: shown.map((c) => c.name), contents: parts, colours: parts.map((p) => palettes[isDark() ? "dark" : "light"][contents.indexOf(p)]),
    patterns: used, opacities: used.map((p) => [1, 0.55, 0.8, 0.3][patterns.indexOf(p)]), height: 22 * unique(rows.map((r) => r.name)).length, labelLimit: isNarrow() ? 120 : 260,
  } : undefined;
  const cut = chosenInScope().length > mostBars ? ` The first ${mostBars} of ${chosenInScope().length} chosen configurations.` : "";
  return draw("bytes", "bytes", values,
    `Read and written over all scored steps, where ${readings[state.reading]}. Metadata is what a policy keeps beside the cache to choose by; scores pass between kernels; state is what an evicting policy carries.${cut}`,
    "Nothing to draw: choose a policy above.");
};
