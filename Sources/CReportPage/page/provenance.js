// Where everything comes from.

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
  const { counts } = report;
  const few = (which, rows, all) => (all > rows.length ? `${which} ${number(rows.length, 6)} of ${number(all, 6)}` : all);
  body.append(
    boxed(`traces (${few("the shown configurations',", report.traces, counts.traces)})`, true, ...traceFacts), boxed(`calibration profiles (${few("the newest", report.profiles, counts.profiles)})`, false, ...profileFacts),
    boxed(`runs (${few("the newest", report.runs, counts.runs)})`, false, ...runFacts));
};
