import Attention
import Policies

/// A layer's cache after its prompt, in one format, and what the prompt tells by it; by KV head.
struct LiveStore {
  let caches: [LiveCache]
  let prompts: [PromptView]
}

/// A row's own caches of a layer, by KV head.
struct LiveRowCaches {
  /// Keys and values as they come, which errors are from.
  let exact: [LiveCache]
  /// The same as the row stores them; nil where that is as they come.
  let stored: (format: CacheFormat, caches: [LiveCache])?

  /// Goes on from a layer's prompt.
  init(_ layer: LiveLayer, format: CacheFormat?) {
    exact = layer.exact.caches.map { $0.forked() }
    stored = format.flatMap { format in
      layer.store(format).map { (format, $0.caches.map { $0.forked() }) }
    }
  }
}
