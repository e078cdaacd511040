import Results

/// A comparison as people read it.
package enum ComparisonText {
  /// Texts that are named one by one: a sweep may have had thousands, which JSON tells all.
  static let mostTexts = 50

  /// - Parameters:
  ///   - a: the side's name, as the user gave it.
  package static func document(
    _ found: PairedComparison, live: LiveComparison? = nil, a: String, b: String
  ) -> Document {
    var blocks: [Document.Block] = [.table(lines(ComparisonLine.lines(found), a, b))]
    if found.traces.count > 1 { blocks += [.heading("By text"), .table(byText(found))] }
    if !found.modelled.isEmpty { blocks += [.heading("Modelled time"), .table(modelled(found, a, b))] }
    for extreme in found.extremes {
      blocks += [.heading("Where \(extreme.metric) differs most"), extremes(extreme, a, b)]
    }
    blocks.append(.notes(notes(found, a: a, b: b)))
    return Document(blocks + (live.map { document($0, a: a, b: b).blocks } ?? []))
  }

  /// What a live model's answers lose.
  package static func document(_ found: LiveComparison, a: String, b: String) -> Document {
    var blocks: [Document.Block] = [.heading("In a live model")]
    if !found.differences.isEmpty {
      blocks.append(.table(lines(found.differences.map(ComparisonLine.metric), a, b)))
    }
    var notes: [String] = []
    if !found.texts.isEmpty {
      notes.append("paired over \(names(found.texts)); kl and nll in nats per token")
    }
    if let keys = found.keys {
      notes.append("passkeys found, of \(keys.asked): \(keys.a) by \(a), \(keys.b) by \(b)")
    }
    return Document(blocks + [.notes(notes)])
  }

  /// The titles; of many the first ones, and how many there are.
  static func names(_ texts: [String]) -> String {
    let named = texts.prefix(8).joined(separator: "; ")
    let rest = texts.count - 8
    return rest > 0 ? "\(named); and \(NumberText.grouped(rest)) more" : named
  }

  private static func lines(_ lines: [ComparisonLine], _ a: String, _ b: String) -> TextTable {
    TextTable(
      lines,
      [
        .left("") { $0.name },
        .right(a, drop: 3) { $0.a },
        .right(b, drop: 3) { $0.b },
        .right("difference") { $0.difference },
        .right("95 % interval", drop: 2) { $0.interval },
      ] + (lines.contains { $0.p != "–" } ? [.right("p, Holm", drop: 1) { $0.p }] : []))
  }

  /// What each text makes of it: with few of them that is all there is to say of others.
  private static func byText(_ found: PairedComparison) -> TextTable {
    let texts = found.traces.indices.prefix(mostTexts).map { index in
      (title: found.traces[index], index: index)
    }
    return TextTable(
      texts,
      [.left("difference on") { $0.title }]
        + found.differences.map { metric in
          .right(metric.metric) { NumberText.decimal(metric.perTrace[$0.index]) }
        })
  }

  private static func modelled(_ found: PairedComparison, _ a: String, _ b: String) -> TextTable {
    TextTable(
      found.modelled,
      [
        .left("hardware") { $0.hardware },
        .left("geometry") { $0.geometry + ($0.isExtrapolated ? " (extrapolated)" : "") },
        .right("context") { NumberText.grouped($0.contextTokens) },
        .right("batch") { "\($0.batch)" },
        .left("reading") { $0.reading },
        .right("\(a), µs", drop: 4) { NumberText.decimal($0.aNs / 1000, places: 1) },
        .right("\(b), µs", drop: 4) { NumberText.decimal($0.bNs / 1000, places: 1) },
        .right("speed-up") { NumberText.times($0.speedup) },
        .right("model's error, p50", drop: 2) { NumberText.percent($0.relativeErrorP50) },
        .right("p90", drop: 1) { NumberText.percent($0.relativeErrorP90) },
      ])
  }

  private static func extremes(_ found: Extremes, _ a: String, _ b: String) -> Document.Block {
    let table = TextTable(
      found.layers + found.heads + found.steps,
      [
        .left("") { place in
          [
            place.layer.map { "layer \($0)" }, place.queryHead.map { "head \($0)" },
            place.step.map { "step \($0)" }, place.position.map { "(position \($0))" },
            place.trace.map { "of '\($0)'" }, place.model.map { "of \($0)" },
          ].compactMap(\.self).joined(separator: " ")
        },
        .right(a, drop: 1) { NumberText.decimal($0.a) },
        .right(b, drop: 1) { NumberText.decimal($0.b) },
        .right("difference") { NumberText.decimal($0.difference) },
      ])
    return found.layers.isEmpty ? .lines(["nowhere: they are the same"]) : .table(table)
  }

  private static func notes(_ found: PairedComparison, a: String, b: String) -> [String] {
    var lines = found.footing.map {
      "not on equal footing: \($0.name) is \($0.a ?? "0") for \(a), \($0.b ?? "0") for \(b)"
    }
    lines.append("paired over \(names(found.traces))")
    if found.traces.count > mostTexts {
      lines.append(
        "by text: the first \(mostTexts) of \(NumberText.grouped(found.traces.count)); JSON has all")
    }
    if found.differences.contains(where: { $0.interval == nil }) {
      lines.append(
        "no interval: a trace has fewer than \(PairedDifference.fewestSteps) steps, or is defined at other heads on each side, or an older fasa-sim stored means alone (replay it again with detail step)"
      )
    } else if found.traces.count < PairedDifference.fewestTraces {
      lines.append(
        "no p: fewer than \(PairedDifference.fewestTraces) texts; the interval is of these, not of others"
      )
    }
    if !found.differences.contains(where: { $0.metric == "weighted_output_error" }) {
      lines.append(
        "no weighted_output_error: a trace's outputs are all zero, or an older fasa-sim stored both sides, without their norms"
      )
    }
    if let machine = found.kernel.machine {
      lines.append("kernel: speed-up over dense attention, measured on \(machine)")
    }
    if let note = found.kernel.note { lines.append("kernel: \(note)") }
    if !found.settings.isEmpty {
      let parts = found.settings.map { "\($0.name) \($0.a ?? "none") / \($0.b ?? "none")" }
      lines.append("they differ in: \(parts.joined(separator: "; "))")
    }
    return lines
  }
}
