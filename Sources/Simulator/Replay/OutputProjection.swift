import Attention
import Kernels
import Traces

/// A layer's output projection, Wo, as exact kernels multiply with it: what a layer adds to the model's stream is
/// Wo o, where o is the outputs of its query heads, one head's after the other.
///
/// A product's element is a chain of fused multiply-adds over the channels of each head in ascending order, as a score is;
/// the heads' chains are added in 64 bits, in ascending order.
struct OutputProjection {
  private let kernels: Kernels
  /// Of each query head its columns of Wo, whose rows stand where a cache's keys do.
  private let heads: [KeyPanels]
  private let channels: Int

  /// Steps that are multiplied together: enough that Wo is read few times, few enough that their products stay in a
  /// cache. It never decides a result.
  private static let blockSteps = 24

  /// - Returns: nil where the trace does not hold it.
  init?(_ tensors: LayerTensors, queryHeads: Int, kernels: Kernels) {
    guard let tensor = tensors.outputProjection else { return nil }
    self.kernels = kernels
    let channels = tensor.shape[0]
    self.channels = channels
    let element = tensor.elementType
    let headBytes = tensor.shape[1] / queryHeads * element.byteCount
    let rowBytes = headBytes * queryHeads
    heads = tensor.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(byteCount: channels * headBytes, alignment: 64) { columns in
        (0..<queryHeads).map { head in
          for row in 0..<channels {
            let start = row * rowBytes + head * headBytes
            UnsafeMutableRawBufferPointer(rebasing: columns[row * headBytes..<(row + 1) * headBytes])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + headBytes]))
          }
          return kernels.packKeys(
            UnsafeRawBufferPointer(columns), element: element, tokens: channels,
            channels: headBytes / element.byteCount)
        }
      }
    }
  }

  /// What the layer's KV groups give together, in their order: of each configuration.
  func results(layer: Int, _ groups: [GroupVectors]) -> [LayerResult] {
    guard let first = groups.first else { return [] }
    let outputs = norms(groups.map(\.outputs))
    return first.differences.indices.map { index in
      LayerResult(
        layer: layer, differenceNorms: norms(groups.map { $0.differences[index] }), outputNorms: outputs)
    }
  }

  /// ‖Wo,h v‖₁ of rows of values, `[tokens · channels]`, by a query head's columns; sums in 64 bits, channels ascending.
  func absoluteSums(of values: [Float], head: Int) -> [Float] {
    let panels = heads[head]
    let stride = KeyPanels.paddedTokens(channels)
    let products = FloatBuffer(count: Self.blockSteps * stride)
    let tokens = values.count / panels.channels
    return values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return [] }
      return Swift.stride(from: 0, to: tokens, by: Self.blockSteps).flatMap { start in
        let count = min(Self.blockSteps, tokens - start)
        kernels.score(
          queries: values + start * panels.channels, rows: count, keys: panels,
          channelList: (0..<Int32(panels.channels)).map { $0 }, tokens: 0..<channels,
          into: products.pointer, stride: stride)
        return (0..<count).map { row in
          Float((0..<channels).reduce(0.0) { $0 + Double(abs(products[row * stride + $1])) })
        }
      }
    }
  }

  /// ‖Wo x‖₂ at each step, where x is the groups' vectors one after the other; not finite where 32-bit floats overflow.
  private func norms(_ groups: [OutputVectors]) -> [Double] {
    guard let first = groups.first else { return [] }
    var norms = Array(repeating: 0.0, count: first.steps)
    if groups.allSatisfy(\.isZero) { return norms }
    // Beyond the channels these are zeros, which no norm sees.
    let stride = KeyPanels.paddedTokens(channels)
    let products = FloatBuffer(count: Self.blockSteps * stride)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockSteps * stride) { sums in
      guard let sums = sums.baseAddress else { return }
      for start in Swift.stride(from: 0, to: first.steps, by: Self.blockSteps) {
        let count = min(Self.blockSteps, first.steps - start)
        sums.initialize(repeating: 0, count: count * stride)
        for (place, group) in groups.enumerated() where !group.isZero {
          for head in 0..<group.heads {
            multiply(group, head, start..<start + count, heads[place * group.heads + head], products, stride)
            for index in 0..<count * stride { sums[index] += Double(products.pointer[index]) }
          }
        }
        for row in 0..<count { norms[start + row] = Self.norm(sums + row * stride, count: stride) }
      }
    }
    return norms
  }

  private func multiply(
    _ group: OutputVectors, _ head: Int, _ steps: Range<Int>, _ panels: KeyPanels, _ products: FloatBuffer,
    _ stride: Int
  ) {
    group.values.withUnsafeBufferPointer { values in
      guard let values = values.baseAddress else { return }
      kernels.score(
        queries: values + (head * group.steps + steps.lowerBound) * group.channels, rows: steps.count,
        keys: panels, channelList: (0..<Int32(group.channels)).map { $0 }, tokens: 0..<channels,
        into: products.pointer, stride: stride)
    }
  }

  /// Of a multiple of 8 numbers: eight chains side by side, then those in ascending order.
  private static func norm(_ vector: UnsafePointer<Double>, count: Int) -> Double {
    var chains = SIMD8<Double>.zero
    for start in Swift.stride(from: 0, to: count, by: 8) {
      let part = UnsafeRawPointer(vector + start).loadUnaligned(as: SIMD8<Double>.self)
      chains += part * part
    }
    return chains.indices.reduce(0.0) { $0 + chains[$1] }.squareRoot()
  }
}
