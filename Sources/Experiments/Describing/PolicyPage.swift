import Policies

/// Everything about one policy.
package struct PolicyPage: Encodable {
  let name: String
  let kind: String
  let summary: String
  let paper: String?
  let usesBudget: Bool
  let needs: [String]
  let scope: String
  let notes: String
  let parameters: [Parameter]
  /// Names of those that the frame around a policy has.
  private let frame: [String]

  private enum CodingKeys: String, CodingKey {
    case name, kind, summary, paper, usesBudget, needs, scope, notes, parameters
  }

  struct Parameter: Encodable {
    let name: String
    let defaultValue: String
    let range: String
    let help: String
  }

  package init(_ descriptor: PolicyDescriptor) {
    name = descriptor.name
    kind = descriptor.kind.rawValue
    summary = descriptor.summary
    paper = descriptor.paper
    usesBudget = descriptor.usesBudget
    needs = descriptor.needs.map(\.rawValue)
    scope = descriptor.scope.rawValue
    notes = descriptor.notes
    frame = descriptor.frame.map(\.name)
    parameters = descriptor.parameters.map {
      Parameter(name: $0.name, defaultValue: $0.defaultValue.description, range: $0.kind.range, help: $0.help)
    }
  }

  /// All of them as a table, a line each.
  package static func list(_ descriptors: [PolicyDescriptor]) -> TextTable {
    TextTable(
      descriptors,
      [
        .left("policy") { $0.name }, .left("kind") { $0.kind.rawValue },
        .left("what it does", isProse: true) { $0.summary },
      ])
  }

  package var text: String { Document(blocks).text() }

  /// The page, to be laid out.
  package var blocks: [Document.Block] {
    var lines = ["\(name) (\(kind))", "  \(summary)"]
    if let paper { lines.append("  paper: \(paper)") }
    if !notes.isEmpty { lines.append("  \(notes)") }
    lines += needs.map { "  needs: \($0)" }
    lines.append(
      usesBudget ? "  budget: decides k" : "  budget: sizes its own sets; one that is given is not used")
    let own = parameters.filter { !frame.contains($0.name) }
    let table = TextTable(
      own,
      [
        .left("parameter") { $0.name }, .left("default") { $0.defaultValue }, .left("range") { $0.range },
        .left("meaning", isProse: true) { $0.help },
      ])
    return [.lines(lines)] + (own.isEmpty ? [] : [.table(table)])
      + [
        .lines([
          "\(own.isEmpty ? "takes" : "takes also"): \(frame.joined(separator: ", ")) (docs/policies.md)"
        ])
      ]
  }
}
