import Results

/// A comparison as people read it: tables for a terminal or for Markdown.
public struct ComparisonText {
  let isMarkdown: Bool

  public init(isMarkdown: Bool = false) { self.isMarkdown = isMarkdown }

  func rendered(_ table: TextTable) -> String { isMarkdown ? table.markdown : table.text }

  func paragraphs(_ lines: [String]) -> String {
    isMarkdown
      ? lines.map(\.inMarkdown).joined(separator: "\n\n")
      : lines.map(\.onOneLine).joined(separator: "\n")
  }

  private func heading(_ text: String) -> String { isMarkdown ? "### \(text)" : text }

  /// - Parameters:
  ///   - a: the side's name, as the user gave it.
  public func text(_ found: PairedComparison, a: String, b: String) -> String {
    var parts = [lines(ComparisonLine.lines(found), a, b)]
    if found.traces.count > 1 { parts.append("\(heading("By text"))\n\n\(byText(found))") }
    if !found.modelled.isEmpty { parts.append("\(heading("Modelled time"))\n\n\(modelled(found, a, b))") }
    parts += found.extremes.map { "\(heading("Where \($0.metric) differs most"))\n\n\(extremes($0, a, b))" }
    parts.append(paragraphs(notes(found, a: a, b: b)))
    return parts.joined(separator: "\n\n")
  }

  /// What a live model's answers lose.
  public func text(_ found: LiveComparison, a: String, b: String) -> String {
    var parts = [heading("In a live model")]
    if !found.differences.isEmpty { parts.append(lines(found.differences.map(ComparisonLine.metric), a, b)) }
    var notes: [String] = []
    if !found.texts.isEmpty {
      notes.append("paired over \(found.texts.joined(separator: "; ")); kl and nll in nats per token")
    }
    if let keys = found.keys {
      notes.append("passkeys found, of \(keys.asked): \(keys.a) by \(a), \(keys.b) by \(b)")
    }
    parts.append(paragraphs(notes))
    return parts.joined(separator: "\n\n")
  }

  private func lines(_ lines: [ComparisonLine], _ a: String, _ b: String) -> String {
    rendered(
      TextTable(
        lines,
        [
          .left("") { $0.name },
          .right(a) { $0.a },
          .right(b) { $0.b },
          .right("difference") { $0.difference },
          .right("95 % interval") { $0.interval },
        ] + (lines.contains { $0.p != "–" } ? [.right("p, Holm") { $0.p }] : [])))
  }

  /// What each text makes of it: with few of them that is all there is to say of others.
  private func byText(_ found: PairedComparison) -> String {
    let texts = found.traces.indices.map { index in (title: found.traces[index], index: index) }
    return rendered(
      TextTable(
        texts,
        [.left("difference on") { $0.title }]
          + found.differences.map { metric in
            .right(metric.metric) { NumberText.decimal(metric.perTrace[$0.index]) }
          }))
  }

  private func modelled(_ found: PairedComparison, _ a: String, _ b: String) -> String {
    rendered(
      TextTable(
        found.modelled,
        [
          .left("hardware") { $0.hardware },
          .left("geometry") { $0.geometry + ($0.isExtrapolated ? " (extrapolated)" : "") },
          .right("context") { NumberText.grouped($0.contextTokens) },
          .right("batch") { "\($0.batch)" },
          .left("reading") { $0.reading },
          .right("\(a), µs") { NumberText.decimal($0.aNs / 1000, places: 1) },
          .right("\(b), µs") { NumberText.decimal($0.bNs / 1000, places: 1) },
          .right("speed-up") { NumberText.times($0.speedup) },
          .right("model's error, p50") { NumberText.percent($0.relativeErrorP50) },
          .right("p90") { NumberText.percent($0.relativeErrorP90) },
        ]))
  }

  private func extremes(_ found: Extremes, _ a: String, _ b: String) -> String {
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
        .right(a) { NumberText.decimal($0.a) },
        .right(b) { NumberText.decimal($0.b) },
        .right("difference") { NumberText.decimal($0.difference) },
      ])
    return found.layers.isEmpty ? "nowhere: they are the same" : rendered(table)
  }

  private func notes(_ found: PairedComparison, a: String, b: String) -> [String] {
    var lines = ["paired over \(found.traces.joined(separator: "; "))"]
    if found.differences.contains(where: { $0.interval == nil }) {
      lines.append(
        "no interval: a trace has fewer than \(PairedDifference.fewestSteps) steps, or they are not stored (replay with detail step)"
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
      + found.footing.map {
        "warning: not on equal footing: \($0.name) is \($0.a ?? "0") for \(a), \($0.b ?? "0") for \(b)"
      }
  }
}
