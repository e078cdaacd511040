import Attention
import Kernels
import Policies

/// Makes a layer's caches of what an engine hands over of its prompt.
struct LivePrompt {
  private let prompt: LiveLayer.Prompt
  private let model: LiveModel
  private let options: LiveOptions
  private let kernels: Kernels
  private let pool = BufferPool()
  private let scratch = TopKScratch()

  init(_ prompt: LiveLayer.Prompt, model: LiveModel, options: LiveOptions, kernels: Kernels) {
    self.prompt = prompt
    self.model = model
    self.options = options
    self.kernels = kernels
  }

  /// - Parameter format: nil for as keys and values come.
  func store(_ groups: [GroupContext], as format: CacheFormat?) -> LiveStore {
    let caches = groups.map { cache($0, as: format) }
    return LiveStore(caches: caches, prompts: zip(groups, caches).map { view($0.stored(as: format), $1) })
  }

  private func cache(_ group: GroupContext, as format: CacheFormat?) -> LiveCache {
    let keys = prompt.keys + group.kvHead * prompt.tokens * model.headDim
    let values = prompt.values + group.kvHead * prompt.tokens * model.valueDim
    let cache = LiveCache(
      kernels, tokens: options.promptTokens + options.steps, model: model,
      format: format.map {
        LiveFormat($0, keys: keys, values: values, tokens: prompt.tokens, model: model)
      })
    for token in 0..<prompt.tokens {
      cache.append(key: keys + token * model.headDim, value: values + token * model.valueDim)
    }
    return cache
  }

  private func view(_ group: GroupContext, _ cache: LiveCache) -> PromptView {
    PromptView(
      window: prompt.queries.map { window(group, cache, $0) },
      attention: prompt.attention.map { attention in
        group.queryHeads.map {
          Array(UnsafeBufferPointer(start: attention + $0 * prompt.tokens, count: prompt.tokens))
        }
      }, tables: cache.tables)
  }

  private func window(_ group: GroupContext, _ cache: LiveCache, _ queries: UnsafePointer<Float>)
    -> ScoredBlock
  {
    let first = prompt.tokens - prompt.window
    let steps = (0..<prompt.window).map { row in
      Step(
        index: row - prompt.window, position: first + row,
        visible: model.visible(at: first + row, layer: group.layer))
    }
    let width = prompt.window * model.headDim
    let own = FloatBuffer(count: group.groupSize * width)
    own.pointer.update(from: queries + group.queryHeads.lowerBound * width, count: own.count)
    return ScoredBlock(
      group: group, steps: steps, kernels: kernels, keys: cache.keys, queries: own, tables: cache.tables,
      pool: pool, scratch: scratch)
  }
}
