import Foundation
import Policies
import TestSupport
import Testing

@testable import Experiments

/// Whom a replay misjudges, by the published study.
@Suite struct OpenLoopNoteTests {
  private func notes(_ text: String) throws -> [String] {
    OpenLoopNote(policies: try PolicyGrammar.parse([text])).notes
  }

  @Test func whoKeepsNoEndsIsFlatteredByRecallBesideWhoDoes() throws {
    let start = "beside a live model's answers (docs/closed-loop.md), "
    #expect(
      try notes("oracle,fasa,quest:sinks=4") == [
        start + "recall flatters fasa, for which no first or last tokens are kept"
      ])
    #expect(
      try notes("fasa,quest,gist") == [
        start + "recall flatters fasa, quest, for which no first or last tokens are kept"
      ])
    #expect(
      try notes("fasa:chunks=1/2/3/4/5,gist") == [
        start + "recall flatters fasa, for which no first or last tokens are kept"
      ])
    #expect(
      try notes("fasa,oracle,quest,quest-meanstd,loki,double-sparsity,gist") == [
        start
          + "recall flatters 5 policies, for which no first or last tokens are kept"
      ])
    // On equal footing, and beside bounds alone.
    #expect(try notes("fasa,quest") == [])
    #expect(try notes("fasa:sinks=4,recent=16,quest:sinks=4,recent=16") == [])
    #expect(try notes("fasa,oracle:sinks=4") == [])
    // An evictor is none of those whom recall flatters.
    #expect(try notes("tova,fasa:sinks=4") == [])
  }

  @Test func theWeightedErrorFlattersSome() throws {
    let start = "beside a live model's answers (docs/closed-loop.md), the weighted error flatters "
    #expect(try notes("h2o,streaming-llm") == [start + "h2o"])
    // One alone is compared with nothing, and other ends are another policy.
    #expect(try notes("h2o,oracle") == [])
    #expect(try notes("h2o:sinks=4,tova") == [])
  }

  /// The studies' tables say who is: by a tenth of the ranks at least in the first, surely in both, as a policy is by default.
  @Test func whomTheWeightedErrorFlattersTheStudiesSay() throws {
    let first = try residuals("closed-loop-results").filter { $0.value.residual <= -0.1 && $0.value.high < 0 }
    let second = try residuals("second-model-results").filter { $0.value.high < 0 }
    let said = PolicyRegistry.policies.map { $0.descriptor }.filter(\.isFlatteredInOpenLoop).map(\.name)
    #expect(Set(said) == Set(first.keys).intersection(second.keys) && !said.isEmpty)
  }

  /// Of policies with their defaults: the rank by the weighted error less the rank by KL, and the upper end of its interval.
  private func residuals(_ study: String) throws -> [String: (residual: Double, high: Double)] {
    let table = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../studies/\(study)/residuals.csv")
    let lines = try String(contentsOf: table, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",").map(String.init)
    }
    func value(_ name: String, _ line: [String]) throws -> String {
      line[try #require(lines[0].firstIndex(of: name))]
    }
    var found: [String: (residual: Double, high: Double)] = [:]
    for line in lines.dropFirst()
    where try value("outcome", line) == "kl" && value("loop", line) == "open"
      && value("metric", line) == "weighted_output_error"
    {
      let policy = try value("policy", line)
      guard PolicyRegistry.names.contains(policy) else { continue }
      found[policy] = (
        try #require(Double(try value("residual", line))), try #require(Double(try value("high", line)))
      )
    }
    #expect(found.count >= 8)
    return found
  }
}
