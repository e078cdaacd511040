/// What a whole layer loses under a configuration, after its output projection: step by step over the scored steps.
///
/// Wo is the projection, o the outputs of all query heads of the layer one after the other, Δ what the policy's differ by
/// from full attention's. Unlike errors head by head, it knows what heads cancel and what the projection makes of them.
public struct LayerResult: Sendable, Equatable {
  public let layer: Int
  /// ‖Wo Δ‖₂
  private let differenceNorms: [Double]
  /// ‖Wo o‖₂
  private let outputNorms: [Double]

  public init(layer: Int, differenceNorms: [Double], outputNorms: [Double]) {
    self.layer = layer
    self.differenceNorms = differenceNorms
    self.outputNorms = outputNorms
  }

  public var stepCount: Int { outputNorms.count }

  /// ‖Wo Δ‖₂ / ‖Wo o‖₂ of a step; 0 where both are zero, NaN where the latter alone is, or where either overflows.
  public func outputError(_ step: Int) -> Double {
    let (difference, output) = (differenceNorms[step], outputNorms[step])
    let error = difference == 0 && output.isFinite ? 0 : difference / output
    return error.isFinite && output.isFinite ? error : .nan
  }

  /// ‖Wo o‖₂ of a step, which its error weighs; NaN where the error is.
  public func outputNorm(_ step: Int) -> Double { outputError(step).isNaN ? .nan : outputNorms[step] }

  /// Steps at which the error is defined.
  public var definedCount: Int { (0..<stepCount).count { !outputError($0).isNaN } }

  /// Σ‖Wo o‖₂ over those, in their order.
  public var outputNormSum: Double { sum(outputNorms) }

  /// Σ‖Wo Δ‖₂ / Σ‖Wo o‖₂ over those. NaN where all outputs are zero.
  public var projectedOutputError: Double { sum(differenceNorms) / outputNormSum }

  private func sum(_ norms: [Double]) -> Double {
    (0..<stepCount).reduce(0) { outputError($1).isNaN ? $0 : $0 + norms[$1] }
  }
}
