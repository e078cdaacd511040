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
        fasa-sim policies --markdown > docs/policies.md
      """)

  @Argument(help: "A policy's name.", completion: .list(PolicyRegistry.names))
  var name: String?

  @OptionGroup var format: FormatOptions

  func run() throws {
    // The page of the docs.
    if name == nil, format.format == .md {
      try Output.file(PolicyPages.markdown(madeBy: "fasa-sim policies --markdown"))
      return
    }
    let chosen = try descriptors()
    let pages = chosen.map(PolicyPage.init)
    try format.print(
      json: pages, rows: pages,
      document: Document(
        name == nil
          ? [
            .table(PolicyPage.list(chosen)),
            .lines(["`fasa-sim policies NAME` lists parameters, defaults and the paper."]),
          ] : pages.flatMap(\.blocks)))
  }

  private func descriptors() throws -> [PolicyDescriptor] {
    guard let name else { return PolicyRegistry.policies.map { $0.descriptor } }
    return [try PolicyRegistry.known(name).descriptor]
  }
}
