// The controls, and what is drawn again when one changes.

const control = (id) => document.getElementById(id);
// Fills a choice and keeps what was chosen where it is still there.
const offer = (id, options) => {
  const select = control(id);
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
  if (options.some(([value]) => String(value) === before)) select.value = before;
  select.disabled = options.length === 0;
  select.parentElement.hidden = options.length === 0;
};
const same = (values) => values.map((value) => [value, typeof value === "number" ? number(value, 9) : value]);
const ascending = (values) => unique(values).sort((a, b) => a - b);

const scopeName = (s) => {
  const trace = traces.get(s.trace);
  return `${trace.textTitle} · ${trace.modelName} · layers ${s.layers}, ${s.stepCount} steps`;
};
const usedScopes = () => report.scopes.filter((s) => report.configurations.some((c) => c.scope === s.id));

// Ten series at first: the bounds, then one of each policy.
const chooseSome = () => {
  const all = seriesInScope();
  const firsts = all.filter((c, i) => all.findIndex((other) => other.policy === c.policy) === i);
  state.chosen = new Set((all.length > 10 ? firsts.slice(0, 10) : all).map((c) => c.series));
};
const drawChooser = () => {
  const wanted = control("series-filter").value.toLowerCase();
  control("series").replaceChildren(...seriesInScope().filter((c) => c.series.toLowerCase().includes(wanted)).map((c) => {
    const box = element("input", { type: "checkbox", value: c.series });
    box.checked = state.chosen.has(c.series);
    box.addEventListener("change", () => {
      state.chosen[box.checked ? "add" : "delete"](c.series);
      drawChosen();
    });
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = look(c.series).colour;
    return element("label", {}, box, swatch, c.series);
  }));
  control("chosen-count").textContent = `${seriesInScope().filter((c) => state.chosen.has(c.series)).length} of ${seriesInScope().length} chosen`;
};
const listed = () => seriesInScope().filter((c) => c.series.toLowerCase().includes(control("series-filter").value.toLowerCase()));

const clock = () => {
  const [kind, machine] = (control("clock").value || "measured ").split(/ (.*)/s);
  return { kind, machine, geometry: control("geometry").value, context: Number(control("context").value), batch: Number(control("batch").value) };
};
const offerClock = () => {
  const modelled = modelledInScope();
  offer("clock", [...machines().map((m) => [`measured ${m}`, `measured: ${m}`]), ...unique(modelled.map((m) => m.hardware)).map((h) => [`modelled ${h}`, `modelled: ${h}`])]);
  const { kind, machine } = clock();
  const priced = kind === "modelled" ? modelled.filter((m) => m.hardware === machine) : [];
  offer("geometry", same(unique(priced.map((m) => m.geometry))));
  const ofModel = priced.filter((m) => m.geometry === control("geometry").value);
  offer("context", same(ascending(ofModel.map((m) => m.contextTokens))));
  offer("batch", same(ascending(ofModel.filter((m) => m.contextTokens === Number(control("context").value)).map((m) => m.batch))));
};
const offerCrossover = () => {
  const modelled = modelledInScope();
  const ids = unique(modelled.filter((m) => m.policyNs !== undefined).map((m) => m.configuration)).filter((id) => state.chosen.has(configurations.get(id).series));
  const isBound = (id) => configurations.get(id).kind === "bound";
  ids.sort((a, b) => isBound(a) - isBound(b));
  offer("cross-configuration", ids.map((id) => [id, configurations.get(id).name]));
  offer("cross-geometry", same(unique(modelled.map((m) => m.geometry))));
  offer("cross-batch", same(ascending(modelled.filter((m) => m.geometry === control("cross-geometry").value).map((m) => m.batch))));
};
const offerProfile = () => {
  offer("profile", report.profiles.map((p) => [p.digest, `${p.modelName}, ${p.slices} (${p.digest.slice(0, 8)})`]));
  offer("window", same(report.profiles.find((p) => p.digest === control("profile").value)?.windows.map((w) => w.window) ?? []));
};

const drawTimes = () => {
  offerClock();
  drawTime(clock());
};
const drawCrossovers = () => {
  offerCrossover();
  const [geometry, batch] = [control("cross-geometry").value, Number(control("cross-batch").value)];
  drawCrossover(Number(control("cross-configuration").value), geometry, batch);
  drawCrossoverTable(geometry, batch);
};
const drawMap = () => drawHeads(Number(control("head-map").value));
const drawProfile = () => {
  offerProfile();
  drawAgreement(report.profiles.find((p) => p.digest === control("profile").value), Number(control("window").value));
};
const drawRoof = () => {
  offer("machine", same(machines()));
  drawRoofline(control("machine").value);
};
const drawChosen = () => {
  drawChooser();
  drawQuality();
  drawTimes();
  drawBytes();
  drawRoof();
  drawCrossovers();
};
const drawAll = () => {
  const scope = scopes.get(state.scope);
  const trace = traces.get(scope.trace);
  control("replayed").textContent =
    `${trace.textTitle} (${trace.textKind}), ${trace.modelName}: ${number(trace.promptTokens + trace.decodeTokens, 9)} tokens, layers ${scope.layers}, query heads ${scope.queryHeads}, ${scope.stepCount} decode steps. Trace ${trace.digest.slice(0, 12)}.`;
  const maps = headMaps();
  const more = report.configurations.length > report.headMaps.length ? ` (${report.headMaps.length} of the page's ${report.configurations.length} are drawn head by head)` : "";
  offer("head-map", maps.map((m) => [m.configuration, configurations.get(m.configuration).name]));
  control("head-map").title = more.trim();
  control("heads").querySelector("h2").textContent = `Layer by layer, head by head${more}`;
  drawChosen();
  drawMap();
  drawProfile();
  drawSummary();
};

const setScope = (id) => {
  state.scope = id;
  chooseSome();
  drawAll();
};
const on = (id, what, event = "change") => control(id).addEventListener(event, what);
const nameTheme = () => (control("theme").textContent = isDark() ? "light" : "dark");
const drawLives = () => drawLive(Number(control("live-run").value));
const redraw = () => {
  nameTheme();
  if (state.scope !== undefined) drawAll();
  if (report.live.length) drawLives();
};

// A database of before has no weighted error, and few traces hold what outputs are projected by.
for (const option of control("metric").options) option.hidden = option.disabled = report.configurations.every((c) => c[option.value].value === undefined);
offer("scope", usedScopes().map((s) => [s.id, scopeName(s)]));
on("scope", () => setScope(Number(control("scope").value)));
on("metric", () => {
  state.metric = control("metric").value;
  state.logY = control("log-y").checked = isError(state.metric);
  drawQuality();
  drawTimes();
});
on("reading", () => {
  state.reading = control("reading").value;
  drawChosen();
});
for (const axis of ["x", "y"]) {
  on(`log-${axis}`, () => {
    state[`log${axis.toUpperCase()}`] = control(`log-${axis}`).checked;
    drawQuality();
    drawTimes();
  });
}
on("series-filter", drawChooser, "input");
for (const [id, what] of [["all", "add"], ["none", "delete"]]) {
  on(id, () => {
    listed().forEach((c) => state.chosen[what](c.series));
    drawChosen();
  }, "click");
}
for (const id of ["clock", "geometry", "context", "batch"]) on(id, drawTimes);
for (const id of ["cross-configuration", "cross-geometry", "cross-batch"]) on(id, drawCrossovers);
for (const id of ["profile", "window"]) on(id, drawProfile);
on("head-map", drawMap);
on("machine", drawRoof);
on("live-run", drawLives);
on("theme", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  redraw();
}, "click");
prefersDark.addEventListener("change", redraw);

nameTheme();
drawProvenance();
control("live").hidden = report.live.length === 0;
if (report.live.length) {
  offer("live-run", liveRuns().map((row) => [row.liveRun, liveRunName(row)]));
  drawLives();
}
// A database of live runs alone has nothing else to draw.
const [firstScope] = usedScopes();
if (firstScope) setScope(firstScope.id);
else for (const part of document.querySelectorAll("nav, main > section:not(#live, #provenance)")) part.hidden = true;
