import Traces

/// A part of the layers and steps: what a candidate is judged on before all of it.
public struct ReplayRung: Sendable, Equatable {
  public let layers: [Int]
  /// Decode steps, counted from 0.
  public let steps: Range<Int>

  public init(layers: [Int], steps: Range<Int>) {
    self.layers = layers
    self.steps = steps
  }

  /// Layers times steps: a candidate's work.
  public var work: Int { layers.count * steps.count }

  /// Rungs of about `factor` times the work of the one before, the last of all; fewer where there is little work.
  ///
  /// Layers, which differ more than steps do, lie at the middles of even strata of the depth; steps are one block in the
  /// middle, since what an evicting policy has lost grows with the steps.
  public static func rungs(_ count: Int, factor: Int, layers: [Int], steps: Range<Int>) -> [ReplayRung] {
    let all = ReplayRung(layers: layers, steps: steps)
    var result: [ReplayRung] = []
    var share = 1.0
    for _ in 0..<max(1, count) {
      let rung = all.part(share)
      if rung.work != result.last?.work { result.append(rung) }
      share /= Double(factor)
    }
    return result.reversed()
  }

  private func part(_ share: Double) -> ReplayRung {
    let layerCount = max(
      min(Self.fewestLayers, layers.count),
      Int((Double(layers.count) * share.squareRoot()).rounded(.up)))
    let stepShare = share * Double(layers.count) / Double(layerCount)
    let stepCount = max(
      min(Self.fewestSteps, steps.count),
      min(steps.count, Int((Double(steps.count) * stepShare).rounded(.up))))
    let first = steps.lowerBound + (steps.count - stepCount) / 2
    return ReplayRung(
      layers: (0..<layerCount).map { layers[(2 * $0 + 1) * layers.count / (2 * layerCount)] },
      steps: first..<first + stepCount)
  }

  private static let fewestLayers = 2
  private static let fewestSteps = 4
}
