// What a live model's answers lose, against what a replay of the same inputs would have measured.

const liveSeries = (row) => {
  const ending = ` @ ${row.budget}`;
  return row.budget !== undefined && row.label.endsWith(ending) ? row.label.slice(0, -ending.length) : row.label;
};
const liveNames = unique(report.live.map(liveSeries));
const liveLook = (name) => (bySeries.has(name) ? look(name) : lookAt(methods.length + liveNames.indexOf(name)));
const liveRunName = (row) =>
  `${row.textTitle ?? "passkeys"}, ${row.modelName}, ${number(row.promptTokens, 9)} tokens${row.stepCount ? ` and ${row.stepCount} steps` : ""} (run ${row.liveRun})`;
// Texts, which have a chart, before passkeys.
const liveRuns = () => [...new Map(report.live.map((row) => [row.liveRun, row])).values()].sort((a, b) => (a.task === "passkey") - (b.task === "passkey"));

const livePoint = (row) => ({
  series: liveSeries(row), label: row.label, x: row.openLoopWeightedOutputError, y: row.kl,
  low: row.klLow > 0 ? row.klLow : row.kl, high: row.klHigh ?? row.kl, kl: number(row.kl),
  interval: row.klLow === undefined ? "none" : `${number(row.klLow)} to ${number(row.klHigh)}`,
  error: number(row.openLoopWeightedOutputError), flips: percent(row.flipped), moved: percent(row.readBytesShare),
});

const liveColumns = [
  texts("label", "row"), plain("kl", "KL", "nats per token"), column("klLow", "95 % of KL", "", (r) => r.klLow, (r) => (r.klLow === undefined ? "–" : `${number(r.klLow)} to ${number(r.klHigh)}`)),
  plain("nll", "NLL", "nats per token"), plain("nllDifference", "more than dense", "nats per token"), plain("flipped", "flips", "of the likeliest token", percent),
  plain("weightedOutputError", "output error", "weighted, own caches"), plain("openLoopWeightedOutputError", "output error", "weighted, open loop"),
  plain("recall", "recall", "own caches"), plain("openLoopRecall", "recall", "open loop"), plain("readBytesShare", "bytes read", "of dense's", percent),
  column("keysFound", "keys found", "of those asked for", (r) => r.keysFound, (r) => (r.keysAsked === undefined ? "–" : `${r.keysFound} of ${r.keysAsked}`)),
];
const liveOrder = { key: "", sign: 1 };

const drawLive = (run) => {
  const rows = report.live.filter((row) => row.liveRun === run);
  const drawn = rows.filter((row) => row.kl > 0 && row.openLoopWeightedOutputError > 0);
  const values = drawn.length ? { rows: drawn.map(livePoint), ...scales(unique(drawn.map(liveSeries)), liveLook), xTicks: logTicks(drawn.map((r) => r.openLoopWeightedOutputError)), yTicks: logTicks(drawn.map((r) => r.kl)) } : undefined;
  const floor = rows[0]?.noiseFloorKl;
  const caption = `Lines join the budgets of a policy; bars: 95 % interval over blocks of steps. Rows of a batch are fed the text's own tokens, each with its policy's caches; the error is what the policy loses on the dense row's inputs, as in a replay.${floor === undefined ? "" : ` Below ${floor.toPrecision(1)} nats is noise.`}`;
  const told = liveColumns.filter((c) => rows.some((row) => c.value(row) !== undefined));
  sortable(control("live-table"), told, rows, liveOrder);
  return draw("live", "live", values, caption, "No text of this run has a policy that lost anything: see the table.");
};
