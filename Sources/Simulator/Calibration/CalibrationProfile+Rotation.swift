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

    /// What this turns by in place of a model's layers, as a phrase; nil where it is the same.
    ///
    /// - Parameters:
    ///   - isKnown: whether a layer's turns are known; others are passed over.
    ///   - turns: radians per token of each chunk of a layer.
    func difference(knowing isKnown: (Int) -> Bool, from turns: (Int) -> [Double]) -> String? {
      for layer in layers where isKnown(layer) {
        let theirs = turns(layer)
        guard theirs.count == frequencies.count else {
          return "\(frequencies.count) chunks in place of \(theirs.count) in layer \(layer)"
        }
        for (chunk, (mine, other)) in zip(frequencies, theirs).enumerated()
        where abs(mine - other) > Self.tolerance * max(abs(mine), abs(other)) {
          return
            "\(Float(mine)) radians a token in place of \(Float(other)) in layer \(layer), chunk \(chunk)"
        }
      }
      return nil
    }
  }
}

extension LoadedProfile {
  /// What the profile's model turns by in place of another's layers, as a phrase; nil where it is the same, or the profile
  /// does not say.
  package func otherRotation(knowing isKnown: (Int) -> Bool, from turns: (Int) -> [Double]) -> String? {
    (profile.model.rotations ?? []).compactMap { $0.difference(knowing: isKnown, from: turns) }.first
  }
}
