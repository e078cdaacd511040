import Foundation

extension ModelReport {
  /// Attention layer by layer, at the longest context: layers that see everything and those with a window apart, and
  /// their sum. Nil where all layers are alike.
  func layersTable(_ own: [PricingJob.Point]) -> (title: String, table: TextTable)? {
    let lines = ModelLine.lines(own).filter { !$0.isDense }
    guard let first = lines.first?.last, let windows = first.windows else { return nil }
    let dense = LayersLine(label: "dense attention", windows: windows, isDense: true, speedUp: "")
    let rows =
      [dense]
      + lines.compactMap { line in
        line.last.windows.map {
          LayersLine(
            label: line.label, windows: $0, isDense: false, speedUp: speedUpOfLayers(line.last))
        }
      }
    let context = CountText.of(Int(saturating: first.step.geometry.context.rounded()))
    let all = Int(windows.fullLayers + windows.windowedLayers)
    return (
      "attention of all \(all) layers at \(context): \(windows.text)",
      TextTable(
        rows,
        [
          .left("policy") { $0.label },
          .right("full layers") { $0.times($0.windows.fullLayers, $0.windows.full) },
          .right("with the window") { $0.times($0.windows.windowedLayers, $0.windows.windowed) },
          .right("sum in µs") { NumberText.decimal($0.side($0.windows.sum) / 1000, places: 1) },
          .right("speed-up") { $0.speedUp },
        ])
    )
  }

  /// A dash where model and caches do not fit the machine.
  private func speedUpOfLayers(_ point: PricingJob.Point) -> String {
    guard point.speedUp != nil else { return "–" }
    return (point.row.isExtrapolated ? "~" : "") + NumberText.times(point.speedUpOfLayers)
  }

  private struct LayersLine {
    let label: String
    let windows: PricingJob.Windows
    let isDense: Bool
    let speedUp: String

    func side(_ pair: PricingJob.Windows.Pair) -> Double { isDense ? pair.dense : pair.policy }

    /// `5 × 21.3 µs`.
    func times(_ layers: Double, _ pair: PricingJob.Windows.Pair) -> String {
      "\(Int(layers)) × \(NumberText.decimal(side(pair) / 1000, places: 1)) µs"
    }
  }
}

extension PricingJob.Windows {
  /// `5 full, 29 with a window of 1,024 tokens`.
  var text: String {
    "\(Int(fullLayers)) full, \(Int(windowedLayers)) with a window of \(NumberText.grouped(tokens)) tokens"
  }

  /// As JSON has it.
  struct JSON: Encodable {
    let fullLayers: Int
    let windowedLayers: Int
    let windowTokens: Int
    /// Of one layer of each kind, and of all layers.
    let fullPolicyNs: Double
    let fullDenseNs: Double
    let windowedPolicyNs: Double
    let windowedDenseNs: Double
    let policyNs: Double
    let denseNs: Double
    /// Nil where model and caches do not fit the machine.
    let modelledSpeedup: Double?
  }

  func json(fits: Bool) -> JSON {
    JSON(
      fullLayers: Int(fullLayers), windowedLayers: Int(windowedLayers), windowTokens: tokens,
      fullPolicyNs: full.policy, fullDenseNs: full.dense,
      windowedPolicyNs: windowed.policy, windowedDenseNs: windowed.dense,
      policyNs: sum.policy, denseNs: sum.dense, modelledSpeedup: fits ? speedUp : nil)
  }
}
