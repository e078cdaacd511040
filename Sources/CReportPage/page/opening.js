// What the database says at once: a sentence with its figures, and the policies as they stand by default.

const strong = (text) => element("strong", {}, text);
// Beside the metric what the budget leaves unequal: bytes at equal tokens, tokens at equal bytes.
const figure = (c) => `${metrics[view.metric].short} ${number(metricOf(c))} ${bytesBudget() ? `from ${number(Number(c.budget), 9)} tokens` : `with ${percent(bytesShare(c))} of dense attention's bytes`}`;
const short = (c) => `${number(metricOf(c))} ${bytesBudget() ? `from ${number(Number(c.budget), 9)}` : `with ${percent(bytesShare(c))}`}`;

// The policies that compete at a budget: as they stand by default, or whatever there is where none does.
const contestants = (scope, wanted) => {
  const all = atBudget(scope, wanted).filter((c) => !c.isBound);
  const plain = all.filter((c) => c.isDefault);
  return (plain.length > 1 ? plain : all).sort(better);
};
// By 95 % intervals, where steps were stored: which others the best one cannot be told from.
const alike = (best, others) => {
  const interval = (c) => (c.intervals === "steps" && c[view.metric].low !== undefined ? c[view.metric] : undefined);
  if (!interval(best)) return undefined;
  return others.filter((c) => interval(c) && interval(c).low <= interval(best).high && interval(c).high >= interval(best).low);
};

const sentences = (all) => {
  const [best, second] = all;
  const isPlain = all.every((c) => c.isDefault);
  const kindOf = isPlain ? "policies as they stand by default" : "configurations";
  const verb = isError(view.metric) ? "errs least" : view.metric === "recall" ? "finds most of the oracle's tokens" : "holds most attention mass";
  const parts = [`At ${budgetPhrase()}, `, strong(best.series), ` ${verb} of ${all.length} ${kindOf}: ${figure(best)}.`];
  const fasa = all.find((c) => c.policy === "fasa");
  if (fasa && fasa !== best) {
    parts.push(" ", strong(fasa.series), ` is ${ordinal(all.indexOf(fasa) + 1)}: ${short(fasa)}.`);
    const lighter = bytesBudget() ? [] : all.filter((c) => c !== fasa && bytesShare(c) <= bytesShare(fasa));
    const ahead = lighter.filter((c) => better(c, fasa) < 0);
    const first = ahead[0] === best ? `${best.series} among them` : ahead.length && `first ${ahead[0].series}: ${short(ahead[0])}`;
    const lead = ahead.length ? `${ahead.length} ${ahead.length === 1 ? "is" : "are"} ahead of it, ${first}` : "none is ahead of it";
    if (lighter.length) parts.push(` Of the ${lighter.length} that move no more bytes than it, ${lead}.`);
  } else if (second) {
    parts.push(` Next is ${second.series}: ${short(second)}.`);
  }
  return parts;
};

const openingNotes = (all) => {
  const [best] = all;
  const notes = [];
  const near = alike(best, all.slice(1));
  if (near) notes.push(near.length ? `Within its 95 % interval's reach: ${near.map((c) => c.series).slice(0, 6).join(", ")}${near.length > 6 ? ` and ${near.length - 6} more` : ""}.` : "No other's 95 % interval reaches into its own.");
  else notes.push("Of so few steps there are no intervals, so that small differences may be chance.");
  const oracle = atBudget().find((c) => c.policy === "oracle");
  if (oracle) notes.push(`The oracle, which knows every score: ${number(metricOf(oracle))}.`);
  const trace = (s) => traces.get(s.trace).digest;
  const here = scopes.get(scopeId());
  const elsewhere = [...new Map(usedScopes.filter((s) => trace(s) !== trace(here)).map((s) => [trace(s), s])).values()]
    .map((s) => contestants(s.id, budget()).filter((c) => all.some((other) => other.series === c.series))).filter((rows) => rows.length === all.length);
  const same = elsewhere.filter((rows) => rows[0].series === best.series).length;
  notes.push(elsewhere.length ? `This is one text; of the ${elsewhere.length} other${elsewhere.length > 1 ? "s" : ""} with the same policies, ${same || "none"} ${same === 1 || !same ? "has" : "have"} the same first.` : "This is one text, which does not stand for others.");
  const equal = bytesBudget();
  notes.push(equal
    ? `A budget is equal in bytes, counted where ${readings[equal.reading]}: each policy has as many tokens as they buy, choosing included. It is found on the first steps, so that the shares over all differ a little.`
    : `A budget is equal in tokens, not in bytes, which are counted where ${readings[view.reading]}.`);
  const free = inScope().filter((c) => c.budget === undefined && !c.isBound && c.isDefault).map((c) => c.series);
  if (free.length) notes.push(`Without a budget, and so not here: ${free.join(", ")}.`);
  return notes.join(" ");
};

const standingColumns = () => unique([view.metric, "outputError", "recall"]).map((metric) => estimate(metric, metrics[metric].short, metric === "recall" || metric === "mass" ? "share" : "relative"));
const mostStanding = 10;
let isStandingWhole = false;
const drawOpening = () => {
  const all = contestants();
  const [finding, note, table, whole] = ["finding", "finding-note", "standing", "standing-more"].map(control);
  const isContest = all.length > 1;
  whole.hidden = table.hidden = note.hidden = !isContest;
  if (!isContest) {
    const stored = inScope().length;
    finding.textContent = stored ? `${number(stored)} ${stored === 1 ? "configuration is" : "configurations are"} stored for this trace, and no two methods share a budget that ranks them.` : "";
    table.replaceChildren();
    return;
  }
  finding.replaceChildren(...sentences(all));
  note.textContent = openingNotes(all);
  const bounds = atBudget().filter((c) => c.isBound);
  const listed = isStandingWhole ? all : all.filter((c, i) => i < mostStanding || c.policy === "fasa");
  const columns = [
    column("rank", "", "", (c) => all.indexOf(c), (c) => (c.isBound ? "" : String(all.indexOf(c) + 1)), "rank"), nameColumn("series", "policy"),
    ...standingColumns(), plain("bytes", "bytes", "of dense's", percent, (c) => bytesShare(c, bytesBudget()?.reading)),
    ...(bytesBudget() ? [plain("budget", "budget", "tokens", (value) => number(Number(value), 9))] : []), plain("selectedShare", "tokens", "of the visible", percent), texts("kind", "kind", (c) => c.kind, "text aside"),
  ];
  rowsInto(table, columns, [...bounds, ...listed]);
  whole.hidden = all.length <= mostStanding;
  whole.textContent = isStandingWhole ? `the first ${mostStanding}` : `all ${all.length}`;
};
