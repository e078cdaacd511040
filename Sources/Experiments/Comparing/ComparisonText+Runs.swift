import Attention
import Results

extension ComparisonText {
  /// Two runs: a line per configuration that both have.
  package static func document(_ found: RunComparison, a: String, b: String) -> Document {
    let hasProjected = found.pairs.contains { $0.difference(of: "projected_output_error") != nil }
    let quality: [Column<PairedComparison>] = [
      .left("configuration") { $0.a },
      .left("trace") { $0.traces.joined(separator: "; ") },
      .right("recall", drop: 6) { NumberText.decimal($0.difference(of: "recall")?.difference) },
      .right("mass", drop: 1) { NumberText.decimal($0.difference(of: "mass")?.difference) },
      .right("output error") { NumberText.decimal($0.difference(of: "output_error")?.difference) },
      .right("95 % interval", drop: 9) {
        $0.difference(of: "output_error").map(ComparisonLine.interval) ?? "–"
      },
      .right("p, Holm", drop: 4) { $0.difference(of: "output_error").map(ComparisonLine.p) ?? "–" },
      .right("weighted", drop: 5) {
        NumberText.decimal($0.difference(of: "weighted_output_error")?.difference)
      },
    ]
    let projected: [Column<PairedComparison>] =
      hasProjected
      ? [
        .right("projected", drop: 2) {
          NumberText.decimal($0.difference(of: "projected_output_error")?.difference)
        }
      ]
      : []
    let cost: [Column<PairedComparison>] = [
      .right("bytes/head", drop: 3) { $0.bytesDifference(.perHead) },
      .right("bytes/group") { $0.bytesDifference(.groupUnion) },
      .right("kernel", drop: 7) { NumberText.times($0.kernel.ratio) },
    ]
    let table = TextTable(found.pairs, quality + projected + cost)
    var lines = [
      "values of \(b) less those of \(a); the interval and p are of the output error; weighted: the same by the outputs' norms; "
        + (hasProjected ? "projected: of whole layers, after their output projection; " : "")
        + "kernel is a ratio"
    ]
    func alone(_ names: [String], _ side: String) {
      lines += names.map { "in \(side) alone: \($0)" }
    }
    alone(found.unpairedA, a)
    alone(found.unpairedB, b)
    if !found.withoutSteps.isEmpty {
      lines.append(
        "no interval, since an older fasa-sim stored means alone (replay them again): \(found.withoutSteps.joined(separator: ", "))"
      )
    }
    for note in Set(found.pairs.compactMap(\.kernel.note)).sorted() { lines.append("kernel: \(note)") }
    var seen: Set<String> = []
    for setting in found.pairs.flatMap(\.settings) {
      let text = "they differ in: \(setting.name) \(setting.a ?? "none") / \(setting.b ?? "none")"
      if seen.insert(text).inserted { lines.append(text) }
    }
    return Document([.table(table), .notes(lines)])
  }
}

extension PairedComparison {
  /// Nil where a side lacks the metric.
  fileprivate func difference(of metric: String) -> PairedDifference? {
    differences.first { $0.metric == metric }
  }

  fileprivate func bytesDifference(_ reading: Reading) -> String {
    bytes.first { $0.reading == reading.rawValue }.map { NumberText.points($0.difference) } ?? "–"
  }
}
