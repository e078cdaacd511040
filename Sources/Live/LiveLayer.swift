import Kernels
import Policies

/// A layer after its prompt: what all rows go on from.
struct LiveLayer {
  let groups: [GroupContext]
  /// Of each KV head.
  let caches: [LiveCache]
  /// What the prompt tells of each KV head.
  let prompts: [PromptView]

  /// What an engine hands over of a layer's prompt.
  struct Prompt {
    let tokens: Int
    /// `[KV heads][tokens][headDim]`
    let keys: UnsafePointer<Float>
    /// `[KV heads][tokens][valueDim]`
    let values: UnsafePointer<Float>
    /// Of the prompt's last queries, how many are given.
    let window: Int
    /// `[query heads][window][headDim]`; nil where none are.
    let queries: UnsafePointer<Float>?
    /// Attention summed over all queries, `[query heads][tokens]`; nil where it was not kept.
    let attention: UnsafePointer<Float>?
  }

  init(_ prompt: Prompt, layer: Int, model: LiveModel, options: LiveOptions, kernels: Kernels) {
    groups = (0..<model.kvHeads).map { model.context(layer: layer, kvHead: $0, options: options) }
    caches = groups.map { group in
      let cache = LiveCache(kernels, tokens: options.promptTokens + options.steps, model: model)
      let keys = prompt.keys + group.kvHead * prompt.tokens * model.headDim
      let values = prompt.values + group.kvHead * prompt.tokens * model.valueDim
      for token in 0..<prompt.tokens {
        cache.append(key: keys + token * model.headDim, value: values + token * model.valueDim)
      }
      return cache
    }
    let (pool, scratch) = (BufferPool(), TopKScratch())
    prompts = zip(groups, caches).map { group, cache in
      PromptView(
        window: prompt.queries.map { queries in
          let first = prompt.tokens - prompt.window
          let steps = (0..<prompt.window).map { row in
            Step(
              index: row - prompt.window, position: first + row, visible: model.visible(at: first + row))
          }
          let width = prompt.window * model.headDim
          let own = FloatBuffer(count: group.groupSize * width)
          own.pointer.update(from: queries + group.queryHeads.lowerBound * width, count: own.count)
          return ScoredBlock(
            group: group, steps: steps, kernels: kernels, keys: cache.keys, queries: own,
            tables: cache.tables,
            pool: pool, scratch: scratch)
        },
        attention: prompt.attention.map { attention in
          group.queryHeads.map {
            Array(UnsafeBufferPointer(start: attention + $0 * prompt.tokens, count: prompt.tokens))
          }
        }, tables: cache.tables)
    }
  }
}
