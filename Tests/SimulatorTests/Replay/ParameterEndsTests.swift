import Policies
import Testing
import Traces

@testable import Simulator

/// Every parameter of every policy at the ends of its range, at budgets from one token to more than there are: a
/// result, or one clear refusal, and nothing outside the range is read.
@Suite struct ParameterEndsTests {
  static let names = PolicyRegistry.policies.filter { !$0.descriptor.needs.contains(.file) }.map {
    $0.descriptor.name
  }

  /// Values inside, and values just outside.
  static func ends(_ kind: ParameterDescriptor.Kind) -> (inside: [String], outside: [String]) {
    switch kind {
    case .integer(let range):
      (
        ["\(range.lowerBound)", "\(range.upperBound)"],
        ["\(range.lowerBound - 1)", "\(range.upperBound + 1)", "\(Int.max)", "\(Int.min)", "1.5", "nan", "٣"]
      )
    case .integerOr(let range, let word):
      (
        ["\(range.lowerBound)", "\(range.upperBound)", word],
        ["\(range.lowerBound - 1)", "\(range.upperBound + 1)", "\(word)s", "1.5", ""]
      )
    case .number(let range):
      (
        [
          "\(range.lowerBound)", "\(range.upperBound)", "\(range.lowerBound.nextUp)",
          "\(range.upperBound.nextDown)",
        ],
        ["\(range.lowerBound.nextDown)", "\(range.upperBound.nextUp)", "nan", "inf", "-inf", "x"]
      )
    case .choice(let words): (words, ["none of them", ""])
    case .amount:
      (["1", "\(Int.max)", "1e-300", "100%", "0.5"], ["0", "-1", "nan", "inf", "1.5", "101%", "0%", "²"])
    case .layers: (["none", "0", "1", "0+1", "1023"], ["", "+", "1+0", "1024", "-1", "0,1", "all"])
    case .file: ([], [])
    }
  }

  @Test(arguments: names) func everyValueInsideRuns(name: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("t.zst")
    try SyntheticTrace(prompt: 40, decode: 4, window: 8, hasPromptAttention: true, hasScores: true).write(
      to: path)
    let other = folder.path("c.zst")
    try SyntheticTrace(prompt: 40, decode: 4, window: 8, seed: 3).write(to: other)
    let profile = try LoadedProfile(
      path: folder.file(Calibration(Trace(path: other)).run(CalibrationOptions()).encoded(), "p.json"))
    let trace = try Trace(path: path)
    let options = ReplayOptions(profile: profile)
    let descriptor = try #require(PolicyRegistry.policy(named: name)).descriptor
    let texts =
      [name]
      + descriptor.parameters.flatMap { parameter in
        Self.ends(parameter.kind).inside.map { "\(name):\(parameter.name)=\($0)" }
      }
    for text in texts {
      let result: ReplayResult
      do {
        let configurations = try ReplayConfiguration.grid(
          PolicyGrammar.parse([text]), budgets: [.tokens(.max), .share(1e-300)])
        result = try Replay(trace).run(configurations, options: options, traceDigest: "")
      } catch let error as PolicyError {
        #expect(!"\(error)".contains("\n") && "\(error)".count < 400, "\(text)")
        continue
      }
      for configuration in result.configurations {
        for head in configuration.heads {
          for step in 0..<head.stepCount {
            #expect((0...1).contains(head[.recall, step]) && head[.selected, step] >= 1, "\(text)")
            #expect(head[.selected, step] <= head[.visible, step], "\(text)")
          }
        }
      }
    }
  }

  @Test(arguments: PolicyRegistry.names) func nothingOutsideIsRead(name: String) throws {
    for parameter in try #require(PolicyRegistry.policy(named: name)).descriptor.parameters {
      for value in Self.ends(parameter.kind).outside {
        #expect(throws: PolicyError.self, "\(name):\(parameter.name)=\(value)") {
          try PolicyGrammar.parse(["\(name):\(parameter.name)=\(value)"])
        }
      }
    }
  }
}
