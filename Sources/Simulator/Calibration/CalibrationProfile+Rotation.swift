import Traces

extension CalibrationProfile {
  /// How some layers turn positions: what tells a model from one of the same name and shape whose context was stretched.
  public struct Rotation: Codable, Sendable, Equatable {
    /// Ascending.
    public var layers: [Int]
    /// Radians per token of each chunk.
    public var frequencies: [Double]

    /// Of a trace's layers, those that turn alike together.
    static func of(_ metadata: TraceMetadata, layers: [Int]) -> [Rotation] {
      var result: [Rotation] = []
      for layer in layers.sorted() {
        let frequencies = metadata.rotationFrequencies(layer: layer)
        if let same = result.firstIndex(where: { $0.frequencies == frequencies }) {
          result[same].layers.append(layer)
        } else {
          result.append(Rotation(layers: [layer], frequencies: frequencies))
        }
      }
      return result
    }

    /// Engines compute frequencies in 32 bits or in 64, and in powers of their own; what stretches a context moves them by
    /// far more.
    private static let tolerance = 1e-5

    /// What this turns by in place of a trace's layer, as a phrase; nil where it is the same.
    func difference(from metadata: TraceMetadata) -> String? {
      for layer in layers where metadata.capturedLayers.contains(layer) {
        let theirs = metadata.rotationFrequencies(layer: layer)
        guard theirs.count == frequencies.count else {
          return "\(frequencies.count) chunks for the trace's \(theirs.count) in layer \(layer)"
        }
        for (chunk, (mine, other)) in zip(frequencies, theirs).enumerated()
        where abs(mine - other) > Self.tolerance * max(abs(mine), abs(other)) {
          return
            "\(Float(mine)) radians a token for the trace's \(Float(other)) in layer \(layer), chunk \(chunk)"
        }
      }
      return nil
    }
  }
}
