import Results

/// A comparison as people read it: tables for a terminal or for Markdown.
public struct ComparisonText {
  let isMarkdown: Bool

  public init(isMarkdown: Bool = false) { self.isMarkdown = isMarkdown }

  private func print(_ table: TextTable) -> String { isMarkdown ? table.markdown : table.text }

  private func paragraphs(_ lines: [String]) -> String {
    isMarkdown
      ? lines.map(\.inMarkdown).joined(separator: "\n\n")
      : lines.map(\.onOneLine).joined(separator: "\n")
  }

  private func heading(_ text: String) -> String { isMarkdown ? "### \(text)" : text }

  /// - Parameters:
  ///   - a: the side's name, as the user gave it.
  public func text(_ found: PairedComparison, a: String, b: String) -> String {
    var table = TextTable([
      ("", .left), (a, .right), (b, .right), ("difference", .right), ("95 % interval", .right),
      ("p, Holm", .right),
    ])
    for line in found.differences {
      table.add([
        line.metric, NumberText.decimal(line.meanA), NumberText.decimal(line.meanB),
        NumberText.decimal(line.difference), Self.interval(line), Self.p(line),
      ])
    }
    for line in found.bytes {
      table.add([
        "bytes, \(line.reading)", NumberText.percent(line.a), NumberText.percent(line.b),
        NumberText.points(line.difference), "exact", "–",
      ])
    }
    if let ratio = found.kernel.ratio {
      table.add([
        "kernel", NumberText.times(found.kernel.a), NumberText.times(found.kernel.b),
        "ratio \(NumberText.times(ratio))",
        "\(NumberText.times(found.kernel.low)) to \(NumberText.times(found.kernel.high))", "–",
      ])
    }
    var parts = [print(table)]
    if !found.modelled.isEmpty { parts.append("\(heading("Modelled time"))\n\n\(modelled(found, a, b))") }
    parts += found.extremes.map { "\(heading("Where \($0.metric) differs most"))\n\n\(extremes($0, a, b))" }
    parts.append(paragraphs(notes(found, a: a, b: b)))
    return parts.joined(separator: "\n\n")
  }

  static func interval(_ line: PairedDifference) -> String {
    line.interval.map { "\(NumberText.decimal($0.lowerBound)) to \(NumberText.decimal($0.upperBound))" }
      ?? "none"
  }

  static func p(_ line: PairedDifference) -> String {
    line.adjustedP.map { $0 < 0.001 ? "< 0.001" : NumberText.decimal($0) } ?? "–"
  }

  private func modelled(_ found: PairedComparison, _ a: String, _ b: String) -> String {
    var table = TextTable([
      ("hardware", .left), ("geometry", .left), ("context", .right), ("batch", .right), ("reading", .left),
      ("\(a), µs", .right), ("\(b), µs", .right), ("speed-up", .right), ("model's error, p50", .right),
      ("p90", .right),
    ])
    for line in found.modelled {
      table.add([
        line.hardware, line.geometry + (line.isExtrapolated ? " (extrapolated)" : ""),
        NumberText.grouped(line.contextTokens), "\(line.batch)", line.reading,
        NumberText.decimal(line.aNs / 1000, places: 1), NumberText.decimal(line.bNs / 1000, places: 1),
        NumberText.times(line.speedup), NumberText.percent(line.relativeErrorP50),
        NumberText.percent(line.relativeErrorP90),
      ])
    }
    return print(table)
  }

  private func extremes(_ found: Extremes, _ a: String, _ b: String) -> String {
    var table = TextTable([("", .left), (a, .right), (b, .right), ("difference", .right)])
    for place in found.layers + found.heads + found.steps {
      let name = [
        place.layer.map { "layer \($0)" }, place.queryHead.map { "head \($0)" },
        place.step.map { "step \($0)" }, place.position.map { "(position \($0))" },
        place.trace.map { "of '\($0)'" }, place.model.map { "of \($0)" },
      ].compactMap(\.self).joined(separator: " ")
      table.add([
        name, NumberText.decimal(place.a), NumberText.decimal(place.b), NumberText.decimal(place.difference),
      ])
    }
    return found.layers.isEmpty ? "nowhere: they are the same" : print(table)
  }

  private func notes(_ found: PairedComparison, a: String, b: String) -> [String] {
    var lines = ["paired over \(found.traces.joined(separator: "; "))"]
    if found.differences.contains(where: { $0.interval == nil }) {
      lines.append(
        "no interval: a trace has fewer than \(PairedDifference.fewestSteps) steps, or they are not stored")
    }
    if let machine = found.kernel.machine {
      lines.append("kernel: speed-up over dense attention, measured on \(machine), 1 thread")
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

extension ComparisonText {
  /// Two runs: a line per configuration that both have.
  public func text(_ found: RunComparison, a: String, b: String) -> String {
    var table = TextTable([
      ("configuration", .left), ("trace", .left), ("recall", .right), ("mass", .right),
      ("output error", .right),
      ("95 % interval", .right), ("p, Holm", .right), ("bytes/head", .right), ("bytes/group", .right),
      ("kernel", .right),
    ])
    for pair in found.pairs {
      func line(_ metric: String) -> PairedDifference? { pair.differences.first { $0.metric == metric } }
      let error = line("output_error")
      table.add(
        [pair.a, pair.traces.joined(separator: "; ")]
          + ["recall", "mass", "output_error"].map { NumberText.decimal(line($0)?.difference) }
          + [error.map(Self.interval) ?? "–", error.map(Self.p) ?? "–"]
          + pair.bytes.map { NumberText.points($0.difference) } + [NumberText.times(pair.kernel.ratio)])
    }
    var lines = [
      "values of \(b) less those of \(a); the interval and p are of the output error; kernel is a ratio"
    ]
    func alone(_ names: [String], _ side: String) {
      lines += names.map { "in \(side) alone: \($0)" }
    }
    alone(found.unpairedA, a)
    alone(found.unpairedB, b)
    if !found.withoutSteps.isEmpty {
      lines.append(
        "no interval, since no steps are stored (--detail step): \(found.withoutSteps.joined(separator: ", "))"
      )
    }
    for note in Set(found.pairs.compactMap(\.kernel.note)).sorted() { lines.append("kernel: \(note)") }
    var seen: Set<String> = []
    for setting in found.pairs.flatMap(\.settings) {
      let text = "they differ in: \(setting.name) \(setting.a ?? "none") / \(setting.b ?? "none")"
      if seen.insert(text).inserted { lines.append(text) }
    }
    return [print(table), paragraphs(lines)].joined(separator: "\n\n")
  }
}
