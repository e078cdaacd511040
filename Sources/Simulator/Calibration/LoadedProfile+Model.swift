import Traces

/// Whether a profile is of a trace's model.
extension LoadedProfile {
  /// Name, shape, and where the profile says them the frequencies. Other weights may be another quantisation of the
  /// same, and are left to ``notes(for:)``.
  public func fits(_ trace: Trace) -> Bool { hasShape(of: trace) && otherRotation(trace) == nil }

  /// - Throws: ``ReplayError`` where it is not.
  func checkModel(of trace: Trace) throws(ReplayError) {
    guard hasShape(of: trace) else {
      let geometry = trace.metadata.geometry
      throw ReplayError(
        path,
        expected: """
          a profile of \(trace.metadata.model.name) (\(geometry.layers) layers, \(geometry.queryHeads) query heads, \
          d \(geometry.headDim)), as \(trace.path) is
          """,
        found: """
          one of \(profile.model.name) (\(profile.model.layers) layers, \(profile.model.queryHeads) query heads, \
          d \(profile.model.headDim))
          """, advice: "calibrate on the trace's model")
    }
    if let difference = otherRotation(trace) {
      throw ReplayError(
        path, expected: "a profile of a \(profile.model.name) that rotates as in \(trace.path)",
        found: difference, advice: "calibrate on the trace's model")
    }
  }

  /// What could not be held against the trace's model, or speaks against it without being proof, a sentence each.
  func notes(for trace: Trace) -> [String] {
    var notes: [String] = []
    if profile.model.rotations == nil {
      notes.append(
        "\(path) does not say how its model rotates positions, so that only the model's name and shape were compared: calibrate again to have it checked"
      )
    }
    let (own, theirs) = (profile.model.sha256, trace.metadata.model.sha256)
    if [own, theirs].contains(where: { digest in digest.allSatisfy { $0 == "0" } }) {
      notes.append(
        "\(path): whether it is of the trace's weights is not known: one of the two does not name them")
    } else if own != theirs {
      notes.append(
        "\(path) was calibrated on other weights (SHA-256 \(own.prefix(12))…) than the trace's (\(theirs.prefix(12))…): right for another quantisation of the same model, wrong for another model"
      )
    }
    return notes
  }

  private func hasShape(of trace: Trace) -> Bool {
    let geometry = trace.metadata.geometry
    return profile.model.name == trace.metadata.model.name && profile.model.layers == geometry.layers
      && profile.model.queryHeads == geometry.queryHeads && profile.model.kvHeads == geometry.kvHeads
      && profile.model.headDim == geometry.headDim
      && profile.layers.first?.agreement.first?.count == trace.metadata.rope.rotaryDim / 2
  }

  private func otherRotation(_ trace: Trace) -> String? {
    otherRotation(
      knowing: trace.metadata.capturedLayers.contains,
      from: { trace.metadata.rotationFrequencies(layer: $0) })
  }
}
