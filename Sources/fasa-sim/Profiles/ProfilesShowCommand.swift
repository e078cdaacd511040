import ArgumentParser
import Experiments

struct ProfilesShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Says what a profile holds, and on what it was calibrated.",
    discussion: """
      EXAMPLES:
        fasa-sim profiles show smollm2-135m-instruct
        fasa-sim profiles show my-model.json --json
      """)

  @Argument(help: "A profile's file, or the name of a bundled one.", completion: .profile)
  var profile: String

  @OptionGroup var format: FormatOptions

  func run() throws {
    let profile = ProfileDescription(try ProfileLocator.named(profile))
    try format.print(json: profile, rows: [profile], document: profile.document)
  }
}
