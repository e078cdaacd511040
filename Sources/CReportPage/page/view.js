// The view: what the controls say. It lives in the address, behind #, so that a link shows the same and "back" goes back.
// Only what differs from the defaults is written; an empty text is a default that depends on the data.

const defaults = {
  trace: "", metric: "outputError", budget: "", reading: "group-union", x: "log", y: "", policies: "", find: "", rows: "trace",
  sort: "", show: "", clock: "", model: "", context: "", batch: "", machine: "", profile: "", window: "", live: "", theme: "",
};
const nothingChosen = "-";
const view = { ...defaults };
const readView = () => {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(defaults)) view[key] = said.get(key) ?? defaults[key];
};
const viewHash = () => {
  const said = new URLSearchParams(Object.entries(view).filter(([key, value]) => value !== defaults[key]));
  return `#${said}`;
};
// What is typed changes the address in place: "back" is for choices.
const change = (changes, isTyping = false) => {
  Object.assign(view, changes);
  const hash = viewHash();
  if (hash !== (location.hash || "#")) history[isTyping ? "replaceState" : "pushState"](null, "", hash);
  render();
};

// A series' or a configuration's text that a search looks through, and what `key:value` asks for.
const parametersText = (c) => (c.parametersText ??= Object.entries(JSON.parse(c.parameters || "{}")).map(([key, value]) => `${key}=${value}`).join(" "));
const searched = (c) => {
  const trace = traces.get(scopes.get(c.scope).trace);
  return {
    policy: c.policy, kind: c.kind, budget: c.budget ?? "none", trace: `${trace.textTitle} ${trace.path}`, model: trace.modelName,
    all: [c.name, c.kind, parametersText(c), trace.textTitle, trace.path, trace.modelName].join(" ").toLowerCase(),
  };
};
const isFound = (c) => {
  const texts = (c.searched ??= searched(c));
  return view.find.toLowerCase().split(/\s+/).filter(Boolean).every((word) => {
    const [, key, value] = word.match(/^(policy|kind|budget|trace|model):(.+)$/) ?? [];
    if (!key) return texts.all.includes(word);
    return key === "budget" || key === "policy" ? texts[key].toLowerCase() === value : texts[key].toLowerCase().includes(value);
  });
};

// What the view stands for, with defaults filled in. What is asked for row by row is worked out once a drawing.
const remembered = new Map();
const once = (name, work) => {
  if (!remembered.has(name)) remembered.set(name, work());
  return remembered.get(name);
};
const usedScopes = report.scopes.filter((s) => report.configurations.some((c) => c.scope === s.id));
const scopeId = () => once("scope", () => (usedScopes.find((s) => String(s.id) === view.trace) ?? usedScopes[0])?.id);
const inScopes = grouped(report.configurations, "scope");
const inScope = () => inScopes.get(scopeId()) ?? [];
const isLogX = () => view.x === "log";
const isLogY = () => (view.y ? view.y === "log" : isError(view.metric));
const bytesShare = (c, reading = view.reading) => (reading === "per-head" ? c.perHeadBytesShare : c.groupUnionBytesShare);
const metricOf = (c) => c[view.metric].value;
const better = (a, b) => (isError(view.metric) ? metricOf(a) - metricOf(b) : metricOf(b) - metricOf(a));

// Budgets of more than one policy, from few tokens to many, then the byte shares that budgets were found for; at first 256
// tokens where they are there, for the tool's sake, else the middle one.
const budgets = () => once("budgets", () => {
  const rows = inScope().filter((c) => c.budget !== undefined && !c.isBound);
  const groups = grouped(rows.filter((c) => !c.isByBytes), "budget");
  const mean = (rows) => rows.reduce((sum, c) => sum + (c.selected ?? 0), 0) / rows.length;
  const most = Math.max(0, ...[...groups.values()].map((rows) => rows.length));
  const tokens = [...groups.entries()].filter(([, rows]) => rows.length > most / 2).sort((a, b) => mean(a[1]) - mean(b[1])).map(([budget]) => budget);
  const shares = unique(rows.flatMap((c) => c.byteBudgets)).sort((a, b) => byteBudgets.get(a).share - byteBudgets.get(b).share || a.localeCompare(b));
  return { tokens, shares, all: [...tokens, ...shares] };
});
const budget = () => once("budget", () => {
  const { tokens, shares, all } = budgets();
  const first = tokens.length ? tokens : shares;
  return all.includes(view.budget) ? view.budget : first.includes("256") ? "256" : first[Math.floor(first.length / 2)];
});
// The share and the reading, where the chosen budget is one of bytes.
const bytesBudget = () => byteBudgets.get(budget());
const budgetText = (text) => {
  const bytes = byteBudgets.get(text);
  if (bytes) return `${percent(bytes.share)} of dense's bytes, ${bytes.reading === "per-head" ? "per head" : "per group"}`;
  return text.includes(".") ? `${percent(Number(text))} of the tokens` : text.endsWith("%") ? `${text} of the tokens` : `${number(Number(text), 9)} tokens`;
};
const budgetPhrase = () => (bytesBudget() ? `${percent(bytesBudget().share)} of dense attention's bytes` : `a budget of ${budgetText(budget())}`);
const isAtBudget = (c, wanted = budget()) => (byteBudgets.has(wanted) ? c.byteBudgets.includes(wanted) : c.budget === wanted);
const atBudget = (scope = scopeId(), wanted = budget()) =>
  (inScopes.get(scope) ?? []).filter((c) => c.budget !== undefined && isAtBudget(c, wanted) && metricOf(c) !== undefined);

// The frame first, then in the order of storing.
const seriesInScope = () => {
  const first = ["oracle", "dense", "random"];
  const place = (c) => (first.includes(c.policy) ? first.indexOf(c.policy) : first.length);
  const sorted = [...inScope()].sort((a, b) => place(a) - place(b) || a.id - b.id);
  return [...new Map(sorted.map((c) => [c.series, c])).values()];
};
// All where they are few; else the oracle, FASA, and of the policies as they stand by default the best at the budget.
const mostByDefault = 7;
const chosenByDefault = () => {
  const all = unique(seriesInScope().map((c) => c.series));
  if (all.length <= mostByDefault) return new Set(all);
  const ranked = atBudget().filter((c) => !c.isBound).sort((a, b) => b.isDefault - a.isDefault || better(a, b)).map((c) => c.series);
  const frame = ["oracle", "fasa", "streaming-llm"].filter((name) => all.includes(name));
  return new Set([...frame, ...ranked, ...all].filter((name, i, names) => names.indexOf(name) === i).slice(0, mostByDefault));
};
const chosen = () =>
  once("chosen", () => (view.policies === "" ? chosenByDefault() : new Set(view.policies === nothingChosen ? [] : view.policies.split(";"))));
const chosenInScope = () => {
  const names = chosen();
  return inScope().filter((c) => names.has(c.series));
};
