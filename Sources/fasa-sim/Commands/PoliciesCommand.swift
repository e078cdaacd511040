import ArgumentParser
import Experiments
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

  @OptionGroup var format: FormatOptions

  @Flag(help: "Print docs/policies.md: every policy as Markdown.")
  var markdown = false

  func run() throws {
    if markdown {
      try Output.file(PolicyPages.markdown(madeBy: "fasa-sim policies --markdown"))
      return
    }
    let chosen = try descriptors()
    try format.print(
      json: chosen.map(PolicyPage.init),
      text: name == nil
        ? PolicyPage.list(chosen) + "\n\n`fasa-sim policies NAME` lists parameters, defaults and the paper."
        : chosen.map { PolicyPage($0).text }.joined(separator: "\n\n"))
  }

  private func descriptors() throws -> [PolicyDescriptor] {
    guard let name else { return PolicyRegistry.policies.map { $0.descriptor } }
    return [try PolicyRegistry.known(name).descriptor]
  }
}
