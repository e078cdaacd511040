import ArgumentParser
import Policies

struct PoliciesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policies", abstract: "Lists the policies, or tells all about one.",
    discussion: """
      EXAMPLES:
        fasa-sim policies
        fasa-sim policies fasa
        fasa-sim policies --json
      """)

  @Argument(help: "A policy's name.", completion: .list(PolicyRegistry.names))
  var name: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print docs/policies.md: every policy as Markdown.")
  var markdown = false

  func run() throws {
    if markdown {
      try Output.file(PolicyPages.markdown)
      return
    }
    let chosen = try descriptors()
    if json {
      try Output.json(chosen.map(PolicyPage.init))
    } else if name != nil {
      try Output.text(chosen.map { PolicyPage($0).text }.joined(separator: "\n\n"))
    } else {
      var table = TextTable([("policy", .left), ("kind", .left), ("what it does", .left)])
      for descriptor in chosen { table.add([descriptor.name, descriptor.kind.rawValue, descriptor.summary]) }
      try Output.text(table.text + "\n\n`fasa-sim policies NAME` lists parameters, defaults and the paper.")
    }
  }

  private func descriptors() throws -> [PolicyDescriptor] {
    guard let name else { return PolicyRegistry.policies.map { $0.descriptor } }
    guard let policy = PolicyRegistry.policy(named: name) else {
      throw PolicyError(
        "no policy is called '\(name)': there are \(PolicyRegistry.names.joined(separator: ", "))")
    }
    return [policy.descriptor]
  }
}

/// Everything about one policy.
struct PolicyPage: Encodable {
  let name: String
  let kind: String
  let summary: String
  let paper: String?
  let usesBudget: Bool
  let needs: [String]
  let scope: String
  let notes: String
  let parameters: [Parameter]

  struct Parameter: Encodable {
    let name: String
    let defaultValue: String
    let range: String
    let help: String
  }

  init(_ descriptor: PolicyDescriptor) {
    name = descriptor.name
    kind = descriptor.kind.rawValue
    summary = descriptor.summary
    paper = descriptor.paper
    usesBudget = descriptor.usesBudget
    needs = descriptor.needs.map(\.rawValue)
    scope = descriptor.scope.rawValue
    notes = descriptor.notes
    parameters = descriptor.parameters.map {
      Parameter(name: $0.name, defaultValue: $0.defaultValue.description, range: $0.kind.range, help: $0.help)
    }
  }

  var text: String {
    var lines = ["\(name) (\(kind))", "  \(summary)"]
    if let paper { lines.append("  paper: \(paper)") }
    if !notes.isEmpty { lines.append("  \(notes)") }
    lines += needs.map { "  needs: \($0)" }
    lines.append(
      usesBudget ? "  budget: --budget decides k" : "  budget: sizes its own sets; --budget is not used")
    if !parameters.isEmpty {
      var table = TextTable([("parameter", .left), ("default", .left), ("range", .left), ("meaning", .left)])
      for parameter in parameters {
        table.add([parameter.name, parameter.defaultValue, parameter.range, parameter.help])
      }
      lines.append("")
      lines += table.text.split(separator: "\n").map { "  " + $0 }
    }
    return lines.joined(separator: "\n")
  }
}
