import Policies

/// A vector for each query head of a KV group and each scored step, such as its output: zeros until they are written.
struct OutputVectors: Sendable {
  let heads: Int
  let steps: Int
  let channels: Int
  /// `[head][step][channel]`; empty as long as all are zero.
  private(set) var values: [Float] = []

  init(_ group: GroupContext, steps: Int) {
    heads = group.groupSize
    self.steps = steps
    channels = group.valueDim
  }

  var isZero: Bool { values.isEmpty }

  /// Lets `body` write the vector of a head at a step.
  mutating func write<Result>(
    head: Int, step: Int, _ body: (UnsafeMutablePointer<Float>?) throws -> Result
  ) rethrows -> Result {
    if values.isEmpty { values = Array(repeating: 0, count: heads * steps * channels) }
    let place = (head * steps + step) * channels
    return try values.withUnsafeMutableBufferPointer { all in try body(all.baseAddress.map { $0 + place }) }
  }

  /// Writes full attention's outputs of a block, whose first step is `firstStep`.
  mutating func take(_ exact: ExactAttention, firstStep: Int) {
    let count = exact.block.steps.count
    for row in 0..<exact.block.rows {
      write(head: row / count, step: firstStep + row % count) { out in
        guard let out else { return }
        for (channel, value) in exact.output(row).enumerated() { out[channel] = value }
      }
    }
  }
}

/// What the output projection of a layer is given of one of its KV groups.
struct GroupVectors: Sendable {
  /// Full attention's outputs.
  let outputs: OutputVectors
  /// What each configuration's outputs differ by from those.
  let differences: [OutputVectors]
}
