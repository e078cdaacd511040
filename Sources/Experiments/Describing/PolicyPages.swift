import Attention
import Policies

/// docs/policies.md, made from the registry: a paragraph a policy, and tables of what each needs.
package enum PolicyPages {
  /// - Parameter command: what makes the page, for its first line.
  package static func markdown(madeBy command: String) -> String {
    let groups: [(PolicyKind, String)] = [
      (.bound, "Bounds: no methods, but the frame around them"),
      (.selection, "Selection: the whole cache stays, each query reads part of it"),
      (.eviction, "Eviction: what is dropped is gone"),
    ]
    var lines = [
      "# Policies", "",
      "Made by `\(command)`; a test holds this page to the registry. Size: k is the budget's, own is the policy's. Costs are in elements of the cache's type unless they say bytes; d and dv are the channels of keys and values; \"scores\": 4 bytes a token and query head, written and read.",
      "",
      table, "",
      "A budget that holds all that a step sees is dense attention, whatever the policy: all tokens are attended to, and nothing is read to choose. Where keys and values lie on the host, what a policy always keeps and the newest token are read on the device, and the rest comes over the link. Pages are gathered as pages, with the bytes of what was chosen of them.",
      "",
      "Every policy takes these, too: [bits of the cache](serving.md#bits-of-the-cache), and a [buffer before a cache on the host](serving.md#hot-buffers) where it drops nothing.",
      "",
    ]
    lines += parameters(ParameterDescriptor.ofTheCache)
    lines += [
      "",
      "Those that choose k tokens of a cache for one KV head take [coarser choices, and later ones](serving.md#granularity); `scope` has the layer's words beside a policy's own, but `union` alone where it ranks nothing; `page` is of those that rank tokens, or a page policy's own. [`reuse`](serving.md#cross-layer-reuse) lets some layers choose for others.",
      "",
    ]
    lines += parameters(Oracle.descriptor.frame.filter { !cache.contains($0.name) }) + [""]
    for (kind, title) in groups {
      lines += ["## \(title)", ""]
      for descriptor in PolicyRegistry.policies.map({ $0.descriptor }) where descriptor.kind == kind {
        lines += section(descriptor)
      }
    }
    lines += ["## Not replayable from a trace", ""]
    lines += PolicyRegistry.refused.sorted { $0.key < $1.key }.map { "- `\($0.key)`: \($0.value)." }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let cache = Set(ParameterDescriptor.ofTheCache.map(\.name))

  private static var table: String {
    let rows = PolicyRegistry.policies.map { policy -> String in
      let descriptor = policy.descriptor
      let needs = descriptor.needs.map(short).joined(separator: ", ")
      return
        "| [`\(descriptor.name)`](#\(descriptor.name)) | \(descriptor.kind.rawValue) | \(scope(descriptor.scope)) | \(descriptor.usesBudget ? "k" : "own") | \(descriptor.cost) | \(needs.isEmpty ? "–" : needs) |"
    }
    return
      ([
        "| policy | kind | chooses for | size | reads to choose, a step and KV head | needs |",
        "|---|---|---|---|---|---|",
      ] + rows)
      .joined(separator: "\n")
  }

  private static func section(_ descriptor: PolicyDescriptor) -> [String] {
    var lines = ["### \(descriptor.name)", ""]
    var text = descriptor.summary
    if !descriptor.notes.isEmpty { text += " " + descriptor.notes }
    if let paper = descriptor.paper { text += " [Paper](\(paper))." }
    lines += [text, ""]
    return descriptor.ownParameters.isEmpty ? lines : lines + parameters(descriptor.ownParameters) + [""]
  }

  private static func parameters(_ parameters: [ParameterDescriptor]) -> [String] {
    ["| parameter | default | range | meaning |", "|---|---|---|---|"]
      + parameters.map {
        "| `\($0.name)` | \($0.defaultValue) | \($0.kind.range.replacing("|", with: ", ")) | \($0.help.replacing("|", with: "\\|")) |"
      }
  }

  private static func scope(_ scope: PolicyDescriptor.Scope) -> String {
    switch scope {
    case .group: "KV head"
    case .layer: "layer"
    case .model: "all layers"
    }
  }

  private static func short(_ need: PolicyDescriptor.Need) -> String {
    switch need {
    case .contextualAgreement: "contextual agreement"
    case .headStatistics: "head statistics"
    case .promptAttention: "prompt attention, else window"
    case .promptWindow: "observation window, else recency"
    case .file: "a file"
    case .indexScores: "index tensors in the trace"
    case .tokenScores: "token scores in the trace"
    case .valueNorms: "value norms or projections in the trace"
    case .observationWindow: "observation window"
    }
  }
}
