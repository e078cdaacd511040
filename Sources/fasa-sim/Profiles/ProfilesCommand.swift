import ArgumentParser

struct ProfilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profiles",
    abstract: "Lists calibration profiles, tells all about one, or compares two.",
    discussion: """
      Bundled profiles are found by their model; FASA_SIM_PROFILES names a folder that goes before them.

      EXAMPLES:
        fasa-sim profiles list
        fasa-sim profiles show smollm2-135m-instruct
        fasa-sim profiles compare smollm2-135m-instruct my-model.json
      """,
    subcommands: [ProfilesListCommand.self, ProfilesShowCommand.self, ProfilesCompareCommand.self])
}
