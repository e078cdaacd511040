import Attention

/// How the bytes of a measured step grow at another geometry and context.
struct Growth {
  let shape: StepShape
  let target: PricedGeometry
  /// Tokens seen, and tokens attended to, for each one of the trace.
  private let longer: Double
  private let chosen: Double

  init(_ shape: StepShape, _ target: PricedGeometry) {
    self.shape = shape
    self.target = target
    longer = target.context / shape.visible
    chosen = shape.selected > 0 ? shape.selected(at: target.context) / shape.selected : 0
  }

  /// For each byte that was read.
  func read(_ entry: StepShape.Entry) -> Double { rows(entry) * width(entry.operation) }

  /// For each byte that was written: what a new token adds does not grow, scores and lists do.
  func written(_ entry: StepShape.Entry) -> Double {
    let isOfToken = entry.operation.kernel == .append
    return (isOfToken ? 1 : rows(entry)) * width(entry.operation)
  }

  private func rows(_ entry: StepShape.Entry) -> Double {
    switch entry.operation.kernel {
    case .matrix: 1
    case .list: chosen
    // Beside the cache lie a mean row, which stays one, and what stands for clusters, which grow with the context.
    case .stream where !entry.isAttending: 1
    case .gather where entry.operation.kind.content == .metadata: longer
    case .gather: chosen
    // Rows that a choosing policy streams are of layers that it keeps dense.
    case .stream where shape.gathers: longer
    case .stream where shape.policyKind == .bound: longer
    case .stream: chosen
    // What an evicting policy keeps is all that it goes through.
    default: shape.policyKind == .eviction ? chosen : longer
    }
  }

  /// A row of the target for each one of the trace: numbers as the cache holds them follow its channels and their type, those of
  /// few bits its channels alone; scores, token numbers and codes are as wide at any geometry.
  func width(_ operation: DecodeOperation) -> Double {
    switch operation.kernel {
    case .select, .topP, .list, .buckets, .accumulate, .codes: return 1
    case _ where [.scores, .state].contains(operation.kind.content): return 1
    default:
      let channels =
        operation.kind.content == .values
        ? target.valueDim / shape.valueDim : target.headDim / shape.headDim
      return channels * (isOfCache(operation) ? target.elementBytes / shape.elementBytes : 1)
    }
  }

  /// Of one number in the target's rows.
  func numberBytes(_ entry: StepShape.Entry) -> Double {
    isOfCache(entry.operation) ? target.elementBytes : Double(entry.operation.bits) / 8
  }

  private func isOfCache(_ operation: DecodeOperation) -> Bool {
    Double(operation.bits) == shape.elementBytes * 8
  }
}
