import Attention
import Kernels
import Policies
import Traces

/// One KV head's cache in fewer bits: what it gives back of the trace's keys and values.
struct StoredCache {
  let format: CacheFormat
  let group: GroupContext
  let keys: KeyPanels
  let values: ValueTiles
  /// What the prompt tells by these keys.
  let prompt: PromptView

  /// - Parameter block: the same steps by exact keys.
  func block(like block: ScoredBlock, worker: ReplayWorker) -> ScoredBlock {
    let own = ScoredBlock(
      group: group, steps: block.steps, kernels: worker.kernels, keys: keys, queries: block.queries,
      tables: prompt.tables, pool: worker.pool, scratch: worker.scratch)
    let first = block.steps.map { format.stored(.keys, of: $0.visible.upperBound) }
    if hasTail { own.takeTail(of: block, from: first) }
    return own
  }

  /// - Parameter exact: the same steps by the trace's keys and values.
  func attention(_ block: ScoredBlock, exact: ExactAttention) -> ExactAttention {
    let tail = ExactAttention.ExactTail(
      values: exact.values, first: block.steps.map { format.stored(.values, of: $0.visible.upperBound) })
    return ExactAttention(block, values: values, tail: hasTail ? tail : nil, against: exact)
  }

  /// Whether the newest tokens are kept as they are for a while.
  private var hasTail: Bool {
    CacheFormat.Side.allCases.contains { format.stored($0, of: 1) < 1 }
  }
}

/// Attention over what a cache gives back, beside exact attention.
struct StoredAttention {
  let exact: ExactAttention
  let stored: ExactAttention

  /// The share of exact attention that some tokens hold, and the error of attending to what is stored of them.
  func measure(
    _ row: Int, _ tokens: UnsafeBufferPointer<Int32>, correction: OutputCorrection?,
    difference: UnsafeMutablePointer<Float>?
  ) -> (mass: Double, outputError: Double) {
    let found = stored.measure(row, tokens, correction: correction, difference: difference)
    return stored.isExact ? found : (exact.measure(row, tokens).mass, found.outputError)
  }
}

/// A block of steps as configurations choose from it: by every cache that they store, by the steps' own queries or older ones.
struct ChoiceBlocks {
  let exact: ScoredBlock
  fileprivate let stored: [(cache: StoredCache, block: ScoredBlock)]
  private let lagged: LaggedBlocks
  private let worker: ReplayWorker

  init(_ exact: ScoredBlock, caches: [StoredCache], lagged: LaggedBlocks, worker: ReplayWorker) {
    (self.exact, self.lagged, self.worker) = (exact, lagged, worker)
    stored = caches.map { ($0, $0.block(like: exact, worker: worker)) }
  }

  func block(of policy: PolicyConfiguration) -> ScoredBlock {
    let own =
      policy.choosesByExactKeys ? nil : stored.first { $0.cache.format == policy.cacheFormat }
    guard let lag = policy.lag else { return own?.block ?? exact }
    return own.map { lagged.block(lag, of: $0.cache, worker: worker) } ?? lagged.block(lag)
  }
}

/// Attention over such a block.
struct StoredBlocks {
  let exact: ExactAttention
  private let choices: ChoiceBlocks
  private let stored: [CacheFormat: ExactAttention]

  init(_ choices: ChoiceBlocks, values: ValueTiles) throws {
    let exact = try ExactAttention(choices.exact, values: values)
    (self.choices, self.exact) = (choices, exact)
    stored = Dictionary(
      uniqueKeysWithValues: choices.stored.map {
        ($0.cache.format, $0.cache.attention($0.block, exact: exact))
      })
  }

  /// What a configuration attends to.
  func attention(of policy: PolicyConfiguration) -> ExactAttention {
    policy.cacheFormat.flatMap { stored[$0] } ?? exact
  }

  /// What it chooses from.
  func block(of policy: PolicyConfiguration) -> ScoredBlock { choices.block(of: policy) }
}

extension TraceGroups {
  /// A KV head's cache in a format.
  ///
  /// - Parameter worker: packs into memory of its own.
  func stored(
    _ tensors: LayerTensors, group: GroupContext, as format: CacheFormat, worker: ReplayWorker
  ) -> StoredCache {
    let kernels = worker.kernels
    func rounded(_ tensor: Tensor, _ channels: Int, _ side: CacheFormat.Side) -> [Float] {
      let tokens = trace.metadata.tokens.total
      let size = tokens * channels
      var all = [Float](repeating: 0, count: size)
      tensor.withUnsafeBytes { bytes in
        let width = tensor.elementType.byteCount
        let own = UnsafeRawBufferPointer(
          rebasing: bytes[group.kvHead * size * width..<(group.kvHead + 1) * size * width])
        all.withUnsafeMutableBufferPointer { kernels.widen(own, element: tensor.elementType, into: $0) }
      }
      let tensor = format.tensorScale(all, count: group.promptTokens * channels)
      format.round(&all, tokens: tokens, channels: channels, side: side, tensor: tensor)
      return all
    }
    let tokens = trace.metadata.tokens.total
    let keys = rounded(tensors.k, group.headDim, .keys).withUnsafeBytes {
      kernels.packKeys($0, element: .f32, tokens: tokens, channels: group.headDim)
    }
    let values = rounded(tensors.v, group.valueDim, .values).withUnsafeBytes {
      kernels.packValues($0, element: .f32, tokens: tokens, channels: group.valueDim)
    }
    let own = group.stored(as: format)
    let tables = GroupTables(kernels: kernels, keys: keys, values: values)
    return StoredCache(
      format: format, group: own, keys: keys, values: values,
      prompt: prompt(tensors, group: own, keys: keys, tables: tables, worker: worker))
  }
}
