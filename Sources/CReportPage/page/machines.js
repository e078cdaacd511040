// Times: measured kernels, the roofline, and what hardware models say.

const machineOf = (run) => `${run.hostCpu}, ${run.instructionSet}`;
const timed = () => inScope().filter((c) => c.speedup.value !== undefined && runs.has(c.timingRun));
const modelledInScope = () => report.modelled.filter((m) => configurations.get(m.configuration).scope === scopeId() && m.reading === view.reading);
const machines = () => unique(timed().map((c) => machineOf(runs.get(c.timingRun))));
const nanoseconds = (ns) => (ns === undefined ? "–" : ns < 1e3 ? `${number(ns)} ns` : ns < 1e6 ? `${number(ns / 1e3)} µs` : `${number(ns / 1e6)} ms`);
const fillModelled = "No modelled times are stored for this trace and reading: fasa-sim model --db runs.db prices its configurations on machines.";
const modelledCut = () => (report.counts.modelledShown < report.counts.modelled ? ` Of ${report.counts.modelled} priced configurations, ${report.counts.modelledShown} are in this page.` : "");

const drawTime = (clock) => (clock.kind === "measured" ? drawMeasured(clock.machine) : drawModelled(clock));

const drawMeasured = (machine) => {
  const all = timed().filter((c) => chosen().has(c.series) && machineOf(runs.get(c.timingRun)) === machine && metricOf(c) !== undefined);
  const shown = all.filter((c) => onAxis(metricOf(c), isLogY()));
  const rows = shown.map((c) => ({
    ...qualityPoint(c), x: c.speedup.value, xLow: c.speedup.low ?? c.speedup.value, xHigh: c.speedup.high ?? c.speedup.value,
    timeText: `${number(c.speedup.value)}×`, timeInterval: c.speedup.low === undefined ? "none" : `${number(c.speedup.low)}× to ${number(c.speedup.high)}×`,
  }));
  const look = scales(unique(shown.map((c) => c.series)));
  const values = rows.length ? {
    rows, dense: [{ x: 1 }], ...look, ...qualityScale(rows, rows.flatMap((r) => [r.xLow, r.xHigh])), shapeField: "series", shapeNames: look.names,
    time: "measured speed-up over dense attention, ×", timeShort: "speed-up",
  } : undefined;
  return draw("time", "time", values,
    `Decode kernels measured on ${machine}, one thread, each policy in turn with dense attention; right of the dashed line they are faster. Bars: 95 % interval of the speed-up, a ratio of medians, drawn anew over steps; the quality's is in the first chart.${zeroNote(all, shown)}`,
    "No kernel timings are stored for the chosen policies: replay without --no-timing.");
};

const withinError = (value, m) => (m.relativeErrorP90 === undefined ? [value, value] : [value / (1 + m.relativeErrorP90), value * (1 + m.relativeErrorP90)]);
const errorText = "÷ and × (1 + the model's 90th-percentile relative error)";

const drawModelled = ({ machine, geometry, context, batch }) => {
  const found = modelledInScope().filter((m) => m.hardware === machine && m.geometry === geometry && m.contextTokens === context && m.batch === batch && m.policyNs !== undefined);
  const shown = found.filter((m) => {
    const c = configurations.get(m.configuration);
    return chosen().has(c.series) && onAxis(metricOf(c), isLogY());
  });
  const unit = Math.max(0, ...shown.map((m) => m.policyNs)) < 1e6 ? [1e3, "µs"] : [1e6, "ms"];
  const kindOf = (m) => (m.extrapolated ? "extrapolated" : "the trace's own shape");
  const rows = shown.map((m) => {
    const [low, high] = withinError(m.policyNs, m);
    return {
      ...qualityPoint(configurations.get(m.configuration)), x: m.policyNs / unit[0], xLow: low / unit[0], xHigh: high / unit[0], kind: kindOf(m),
      timeText: nanoseconds(m.policyNs), timeInterval: m.relativeErrorP90 === undefined ? "not known" : `${nanoseconds(low)} to ${nanoseconds(high)}`,
    };
  });
  const dense = found.find((m) => m.denseNs !== undefined);
  const series = scales(unique(rows.map((r) => r.series)));
  const values = rows.length ? {
    rows, dense: dense ? [{ x: dense.denseNs / unit[0] }] : [], ...series, ...qualityScale(rows, rows.flatMap((r) => [r.xLow, r.xHigh])), shapeField: "kind",
    shapeNames: ["the trace's own shape", "extrapolated"], shapes: ["circle", "triangle-up"],
    time: `modelled time of a decode step, ${unit[1]}`, timeShort: "modelled time",
  } : undefined;
  return draw("time", "time", values,
    `Modelled, not measured: ${machine}, ${geometry}, ${number(context, 6)} tokens, batch ${batch}, where ${readings[view.reading]}. Bars: ${errorText}. ${dense ? "The dashed line is dense attention." : "Dense attention was not priced."} Quality is the trace's own, whatever is priced.${modelledCut()}`,
    found.length ? chooseNote : fillModelled);
};

const stageNames = ["dense", "upkeep", "score", "select", "attend"];
const drawRoofline = (machine) => {
  const rows = report.stages.flatMap((s) => {
    const c = configurations.get(s.configuration);
    const run = runs.get(s.run);
    if (c.scope !== scopeId() || !chosen().has(c.series) || !run || machineOf(run) !== machine) return [];
    return [{
      name: c.name, stage: s.stage, moved: s.meanMovedBytes, bandwidth: s.bandwidthBytesPerS / 1e9, bandwidthText: `${number(s.bandwidthBytesPerS / 1e9)} GB/s`,
      share: percent(s.readBandwidthShare), median: nanoseconds(s.medianNs), bytes: bytes(s.meanMovedBytes), samples: s.samples, run: s.run,
    }];
  }).filter((r) => r.moved > 0);
  const roofs = unique(rows.map((r) => runs.get(r.run).readBandwidthBytesPerS).filter((b) => b !== undefined));
  const names = stageNames.filter((name) => rows.some((r) => r.stage === name));
  const at = (n) => lookAt(stageNames.indexOf(n));
  const values = rows.length ? { rows, roof: roofs.map((b) => ({ bandwidth: b / 1e9, text: `read bandwidth ${number(b / 1e9)} GB/s` })), ...scales(names, at), byteTicks: byteTicks(rows.map((r) => r.moved)), byteLabels } : undefined;
  return draw("roofline", "roofline", values,
    `Each point is a stage of one configuration: all its bytes over all its time, on ${machine}, one thread. The dashed line is what one thread was measured to read from memory; a stage whose bytes were left in a cache by the stage before can lie above it.`,
    "No kernel timings are stored for the chosen policies: replay without --no-timing.");
};

// A panel for each machine, a line for each chosen policy, at the budget chosen above.
const mostPanels = 6;
const drawCrossover = (geometry, batch) => {
  const names = chosen();
  const isShown = (c) => names.has(c.series) && (c.budget === undefined || isAtBudget(c));
  const priced = modelledInScope().filter((m) => m.geometry === geometry && m.batch === batch && m.policyNs > 0 && m.denseNs !== undefined && names.has(configurations.get(m.configuration).series));
  drawCrossoverTable(priced);
  const rows = priced.filter((m) => isShown(configurations.get(m.configuration)) && configurations.get(m.configuration).policy !== "dense").map((m) => {
    const c = configurations.get(m.configuration);
    const speedup = m.denseNs / m.policyNs;
    const [low, high] = withinError(speedup, m);
    return {
      series: c.series, name: c.name, hardware: m.hardware, context: m.contextTokens, contextText: number(m.contextTokens, 6), speedup, low, high, speedupText: `${number(speedup)}×`,
      interval: m.relativeErrorP90 === undefined ? "not known" : `${number(low)}× to ${number(high)}×`, policyTime: nanoseconds(m.policyNs),
      denseTime: nanoseconds(m.denseNs), kind: m.extrapolated ? "extrapolated" : "the trace's own shape",
    };
  });
  const machineNames = unique(rows.map((r) => r.hardware));
  const drawnMachines = machineNames.slice(0, mostPanels);
  const shown = rows.filter((r) => drawnMachines.includes(r.hardware));
  const series = scales(unique(shown.map((r) => r.series)));
  const contexts = ascending(shown.map((r) => r.context));
  const width = control("crossovers").clientWidth - 70;
  const panels = Math.max(1, Math.min(drawnMachines.length, Math.floor(width / 260)));
  const values = shown.length ? {
    rows: shown, contexts: contexts.length > 8 || isNarrow() ? contexts.filter((_, i) => i % 2 === 0) : contexts, ...series, barOpacity: barOpacity(shown),
    machines: drawnMachines, panels, panelWidth: Math.floor(width / panels) - 24, legendColumns: Math.max(1, Math.floor(width / 190)),
    yTicks: logTicks([1, ...shown.flatMap((r) => [r.low, r.high])]),
  } : undefined;
  const left = machineNames.length > mostPanels ? ` The first ${mostPanels} of ${machineNames.length} machines; the table has all.` : "";
  return draw("crossover", "crossover", values,
    `Modelled, not measured: ${geometry}, batch ${batch}, where ${readings[view.reading]}, at ${budget() ? budgetPhrase() : "whatever budget"}. Above the dashed line a policy is faster than dense attention. Bars: ${errorText}.${left} The table: the shortest priced context from which on a policy is faster.${modelledCut()}`,
    priced.length ? "None of the chosen policies was priced at this budget." : modelledInScope().length ? "Dense attention was not priced beside the chosen policies, so that there is no speed-up: price them again with fasa-sim model." : fillModelled);
};
