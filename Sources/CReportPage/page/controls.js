// The controls, and what is drawn when the view changes: everything that it touches.

const control = (id) => document.getElementById(id);
// Fills a choice, shows what the view says where it is offered, else the first, and gives what is shown.
const offer = (id, options, wanted) => {
  const select = control(id);
  const now = JSON.stringify(options);
  if (select.offered !== now) select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  select.offered = now;
  const value = options.some(([each]) => String(each) === wanted) ? wanted : String(options[0]?.[0] ?? "");
  select.value = value;
  select.disabled = options.length === 0;
  select.parentElement.hidden = options.length === 0;
  return value;
};
const same = (values) => values.map((value) => [value, typeof value === "number" ? number(value, 9) : value]);

const scopeName = (s) => {
  const trace = traces.get(s.trace);
  return `${trace.textTitle} · ${trace.modelName} · layers ${s.layers}, ${s.stepCount} steps`;
};

const listed = () => {
  const names = new Set(inScope().filter(isFound).map((c) => c.series));
  return seriesInScope().filter((c) => names.has(c.series));
};
let chooserDrawn = "";
const drawChooser = () => {
  const all = seriesInScope();
  control("chosen-count").textContent = `${all.filter((c) => chosen().has(c.series)).length} of ${all.length} chosen${view.find ? `, ${listed().length} found` : ""}`;
  const now = JSON.stringify([scopeId(), listed().map((c) => c.series), [...chosen()], isDark()]);
  if (now === chooserDrawn) return;
  chooserDrawn = now;
  control("series").replaceChildren(...listed().map((c) => {
    const box = element("input", { type: "checkbox", value: c.series });
    box.checked = chosen().has(c.series);
    box.addEventListener("change", () => choose([c.series], box.checked));
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = look(c.series).colour;
    return element("label", {}, box, swatch, c.series);
  }));
};
const choose = (names, isOn) => {
  const now = new Set(chosen());
  for (const name of names) now[isOn ? "add" : "delete"](name);
  change({ policies: [...now].join(";") || nothingChosen });
};

const drawTimes = () => {
  const modelled = modelledInScope();
  const clock = offer("clock", [...machines().map((m) => [`measured ${m}`, `measured: ${m}`]), ...unique(modelled.map((m) => m.hardware)).map((h) => [`modelled ${h}`, `modelled: ${h}`])], view.clock);
  const [kind, machine] = (clock || "measured ").split(/ (.*)/s);
  const priced = kind === "modelled" ? modelled.filter((m) => m.hardware === machine) : [];
  const geometry = offer("geometry", same(unique(priced.map((m) => m.geometry))), view.model);
  const ofModel = priced.filter((m) => m.geometry === geometry);
  const context = Number(offer("context", same(ascending(ofModel.map((m) => m.contextTokens))), view.context));
  const batch = Number(offer("batch", same(ascending(ofModel.filter((m) => m.contextTokens === context).map((m) => m.batch))), view.batch));
  drawTime({ kind, machine, geometry, context, batch });
};
const drawCrossovers = () => {
  const modelled = modelledInScope();
  const geometry = offer("cross-geometry", same(unique(modelled.map((m) => m.geometry))), view.model);
  const batch = Number(offer("cross-batch", same(ascending(modelled.filter((m) => m.geometry === geometry).map((m) => m.batch))), view.batch));
  drawCrossover(geometry, batch);
};
const drawMap = () => {
  const all = mapped();
  offer("head-map", all.map((c) => [c.name, c.name]), mappedByDefault(all)?.name);
  const here = inScope().filter((c) => headMaps.has(c.id)).length;
  control("heads-note").textContent = here < inScope().length
    ? `${number(here)} of this trace's ${number(inScope().length)} configurations are drawn head by head, the rest left out for the page's size; head_summaries in the database has all.` : "";
  drawHeads();
};
const drawProfile = () => {
  const digest = offer("profile", report.profiles.map((p) => [p.digest, `${p.modelName}, ${p.slices} (${p.digest.slice(0, 8)})`]), view.profile);
  const profile = report.profiles.find((p) => p.digest === digest);
  drawAgreement(profile, Number(offer("window", same(profile?.windows.map((w) => w.window) ?? []), view.window)));
};
const drawRoof = () => drawRoofline(offer("machine", same(machines()), view.machine));
const drawLives = () => drawLive(Number(offer("live-run", liveRuns().map((row) => [row.liveRun, liveRunName(row)]), view.live)));

// What this trace has nothing of is named in one place, with what would fill it.
const absent = () => [
  ["time", timed().length + modelledInScope().length, "Quality against time: replay without --no-timing for this machine's kernels, or with --hardware for modelled machines"],
  ["roofline", timed().length, "Kernels against the roofline: replay without --no-timing"],
  ["crossovers", modelledInScope().length, "Where sparse attention overtakes dense: fasa-sim model --db prices configurations on machines"],
  ["agreement", report.profiles.length, "Contextual agreement: replay a policy that needs a calibration profile, such as fasa, which stores it"],
];
const drawAbsent = () => {
  const missing = absent().filter(([, count]) => count === 0);
  for (const [id, count] of absent()) control(id).hidden = count === 0;
  control("absent").hidden = missing.length === 0;
  control("absent-list").replaceChildren(...missing.map(([, , text]) => element("li", {}, `${text}.`)));
};

const drawControls = () => {
  const metricsStored = Object.keys(metrics).filter((metric) => report.configurations.some((c) => c[metric].value !== undefined));
  view.metric = offer("metric", metricsStored.map((metric) => [metric, metrics[metric].short]), view.metric);
  offer("scope", usedScopes.map((s) => [s.id, scopeName(s)]), view.trace);
  offer("budget", budgets().all.map((text) => [text, budgetText(text)]), budget());
  control("reading").value = view.reading;
  control("log-x").checked = isLogX();
  control("log-y").checked = isLogY();
  if (control("find").value.trim() !== view.find) control("find").value = view.find;
  control("all-traces").checked = view.rows === "all";
  control("all-traces").parentElement.hidden = usedScopes.length < 2;
  const scope = scopes.get(scopeId());
  const trace = traces.get(scope.trace);
  control("replayed").textContent =
    `${trace.textTitle} (${trace.textKind}), ${trace.modelName}: ${number(trace.promptTokens + trace.decodeTokens, 9)} tokens, layers ${scope.layers}, query heads ${scope.queryHeads}, ${scope.stepCount} decode steps. Trace ${trace.digest.slice(0, 12)}.`;
};
const render = () => {
  remembered.clear();
  if (view.theme) document.documentElement.dataset.theme = view.theme;
  else delete document.documentElement.dataset.theme;
  control("theme").textContent = isDark() ? "light" : "dark";
  if (report.live.length) drawLives();
  // A database of live runs alone has nothing else to draw.
  if (!usedScopes.length) return;
  for (const part of [drawControls, drawAbsent, drawOpening, drawChooser, drawQuality, drawTimes, drawMap, drawProfile, drawBytes, drawRoof, drawCrossovers, drawSummary]) part();
};

const on = (id, what, event = "change") => control(id).addEventListener(event, what);
for (const [id, key] of [
  ["metric", "metric"], ["budget", "budget"], ["reading", "reading"], ["clock", "clock"], ["geometry", "model"], ["cross-geometry", "model"],
  ["context", "context"], ["batch", "batch"], ["cross-batch", "batch"], ["head-map", "show"], ["profile", "profile"], ["window", "window"],
  ["machine", "machine"], ["live-run", "live"], ["sort", "sort"],
]) on(id, () => change({ [key]: control(id).value, ...(key === "metric" ? { y: "" } : {}) }));
on("scope", () => change({ trace: control("scope").value, policies: "", show: "" }));
on("log-x", () => change({ x: control("log-x").checked ? "log" : "linear" }));
on("log-y", () => change({ y: control("log-y").checked ? "log" : "linear" }));
on("find", () => change({ find: control("find").value.trim() }, true), "input");
on("all-traces", () => change({ rows: control("all-traces").checked ? "all" : "trace" }));
on("all", () => choose(listed().map((c) => c.series), true), "click");
on("none", () => choose(listed().map((c) => c.series), false), "click");
on("default", () => change({ policies: "" }), "click");
on("theme", () => change({ theme: isDark() ? "light" : "dark" }), "click");
on("standing-more", () => {
  isStandingWhole = !isStandingWhole;
  drawOpening();
}, "click");
on("summary-more", () => {
  isSummaryWhole = !isSummaryWhole;
  drawSummary();
}, "click");
prefersDark.addEventListener("change", render);
addEventListener("popstate", () => {
  readView();
  render();
});

drawProvenance();
control("live").hidden = report.live.length === 0;
if (!usedScopes.length) for (const part of document.querySelectorAll("nav, main > section:not(#live, #provenance)")) part.hidden = true;
readView();
render();
