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
    ]
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
    guard !descriptor.parameters.isEmpty else { return lines }
    lines += ["| parameter | default | range | meaning |", "|---|---|---|---|"]
    lines += descriptor.parameters.map {
      "| `\($0.name)` | \($0.defaultValue) | \($0.kind.range.replacing("|", with: ", ")) | \($0.help.replacing("|", with: "\\|")) |"
    }
    return lines + [""]
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
    case .observationWindow: "observation window"
    }
  }
}
