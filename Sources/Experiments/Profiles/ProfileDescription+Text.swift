import Attention
import Simulator

extension ProfileDescription {
  package var text: String { document.text() }

  /// The text, to be laid out.
  package var document: Document {
    let agreement = "K = \(windows.map(NumberText.grouped).joined(separator: ", "))"
    let rotation = model.rotations.map { groups in
      groups.count == 1 ? "kept, alike in all layers" : "kept, of \(groups.count) kinds by layer"
    }
    let lines: [(String, String)] =
      [
        ("profile", path),
        ("sha256", digest),
        ("model", model.name),
        ("weights", model.sha256.allSatisfy { $0 == "0" } ? "not named" : model.sha256),
        (
          "geometry",
          "\(model.layers) layers, \(model.queryHeads) query heads, \(model.kvHeads) KV heads, d \(model.headDim)"
        ),
        ("rotation", rotation ?? "not kept: only the model's name and shape can be compared"),
        ("layers", NumberRanges.text(layers)),
        (
          "agreement",
          "\(chunks) chunks (\(slices == .rope ? "rotation pairs" : "adjacent channels")), \(agreement)"
        ),
        (
          "dominant",
          "chunks \(NumberRanges.text(dominantChunks)), the quarter with the most agreement in the mean\(usualWindow)"
        ),
        ("statistics", statisticsText),
      ] + texts.map { ("calibrated on", Self.text($0)) } + [("serves", servedText)]
    return Document([.fields(lines.map { (name: $0.0, value: $0.1) })])
  }

  private var usualWindow: String {
    ProfileComparison.usualWindow(of: windows).map { " at K = \(NumberText.grouped($0))" } ?? ""
  }

  private var statisticsText: String {
    guard !statistics.isEmpty else { return "none" }
    let layers = statisticsLayers.isEmpty ? "" : " of layers \(NumberRanges.text(statisticsLayers))"
    return "\(statistics.map(\.rawValue).joined(separator: ", "))\(layers), \(pairing.rawValue) pairs"
  }

  private var servedText: String {
    (serves.contextualAgreement + serves.headStatistics.filter { !serves.contextualAgreement.contains($0) })
      .joined(separator: ", ")
  }

  private static func text(_ text: CalibrationProfile.Text) -> String {
    "\(text.title) (\(text.kind)): \(NumberText.grouped(text.queries)) queries of \(NumberText.grouped(text.tokens)) tokens"
  }
}
