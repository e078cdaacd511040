import ArgumentParser

/// The part of a trace that is looked at.
struct TracePartOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Layers, such as 0-3,7; all captured ones by default.", valueName: "layers"))
  var layers: NumberList?

  @Option(
    help: ArgumentHelp("Decode steps, counted from 0, such as 0-31; all by default.", valueName: "first-last")
  )
  var steps: StepRange?
}

/// The heads that are reported.
struct HeadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Query heads to report, such as 0-2; all by default.", valueName: "heads"))
  var heads: NumberList?
}

/// What calibrates policies that ask for it.
struct ProfileOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Calibration profile, or the name of a bundled one; that of a trace's model by default.",
      valueName: "file"),
    completion: .profile)
  var profile: String?

  @Flag(
    name: .customLong("self-calibrate"),
    help:
      "Calibrate FASA's chunks on the trace's own earliest queries, in place of a profile, and score none of them for any policy."
  )
  var selfCalibrates = false

  func validate() throws {
    guard profile == nil || !selfCalibrates else {
      throw ValidationError("--profile and --self-calibrate: expected one of them, found both; leave one out")
    }
  }
}

struct SeedOptions: ParsableArguments {
  @Option(help: "Seed of every random choice. (default: 0)")
  var seed: UInt64?
}
