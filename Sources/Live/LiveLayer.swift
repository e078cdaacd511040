import Attention
import Kernels
import Policies

/// A layer after its prompt: what all rows go on from.
struct LiveLayer {
  let groups: [GroupContext]
  /// As keys and values come.
  let exact: LiveStore
  private let stored: [CacheFormat: LiveStore]

  /// From 0, in the order of the model.
  var place: Int { groups.first?.layer ?? 0 }

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

  /// - Parameter formats: in which rows store their caches, beside as they come.
  init(
    _ prompt: Prompt, layer: Int, model: LiveModel, options: LiveOptions, formats: [CacheFormat],
    kernels: Kernels
  ) {
    groups = (0..<model.kvHeads).map { model.context(layer: layer, kvHead: $0, options: options) }
    let making = LivePrompt(prompt, model: model, options: options, kernels: kernels)
    exact = making.store(groups, as: nil)
    stored = Dictionary(uniqueKeysWithValues: formats.map { [groups] in ($0, making.store(groups, as: $0)) })
  }

  /// What a row's policy chooses by.
  func chosenFrom(_ policy: PolicyConfiguration) -> LiveStore {
    policy.choosesByExactKeys ? exact : policy.cacheFormat.flatMap(store) ?? exact
  }

  func store(_ format: CacheFormat) -> LiveStore? { stored[format] }
}
