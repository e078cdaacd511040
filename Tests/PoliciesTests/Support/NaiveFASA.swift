import Attention

@testable import Policies

/// FASA as docs and paper put it, by loops over whole numbers.
struct NaiveFASA: CustomStringConvertible {
  var chunks = 1
  var pairing = "rope"
  var scope = "head"
  var fcScope = "head"
  var adaptive = false
  var minChunks = 1
  var maxChunks = 3
  var window = 256
  var sinks = 0
  var recent = 0

  /// Any of these settings, seeded.
  static func any(_ random: inout SeededRandom) -> NaiveFASA {
    NaiveFASA(
      chunks: 1 + random.below(4), pairing: random.below(2) == 0 ? "rope" : "adjacent",
      scope: random.below(2) == 0 ? "head" : "group", fcScope: random.below(2) == 0 ? "head" : "group",
      adaptive: random.below(2) == 0, minChunks: 1 + random.below(2), maxChunks: 3 + random.below(2),
      window: [100, 256, 300][random.below(3)], sinks: random.below(3), recent: random.below(3))
  }

  var description: String {
    """
    fasa:chunks=\(chunks),pairing=\(pairing),scope=\(scope),fc-scope=\(fcScope),\
    adaptive=\(adaptive ? "on" : "off"),min-chunks=\(minChunks),max-chunks=\(maxChunks),\
    ca-window=\(window),sinks=\(sinks),recent=\(recent)
    """
  }

  /// The dominant channels of each head of the group.
  func channels(_ trace: SmallTrace, agreement: [[Double]]) -> [[Int]] {
    let half = trace.headDim / 2
    var heads = trace.queryHeads.map { agreement[$0] }
    if fcScope == "group" {
      let mean = (0..<half).map { chunk in heads.map { $0[chunk] }.reduce(0, +) / Double(heads.count) }
      heads = heads.map { _ in mean }
    }
    return heads.map { values in
      let count = !adaptive ? chunks : (values.max() ?? 0) > 0.4 ? minChunks : maxChunks
      let ranked = (0..<half).sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
      return ranked.prefix(count).flatMap { chunk in
        trace.chunks.pairing == .half && pairing == "rope"
          ? [chunk, chunk + half] : [2 * chunk, 2 * chunk + 1]
      }
    }
  }

  func answer(_ trace: SmallTrace, budget: Budget, agreement: [[Double]]) -> [[[Int]]] {
    let channels = channels(trace, agreement: agreement)
    return trace.queries.indices.map { head in
      trace.steps.indices.map { step in
        let k = budget.tokens(visible: trace.steps[step].visible.count)
        let voters = scope == "group" ? Array(trace.queries.indices) : [head]
        return trace.best(step: step, k, sinks: sinks, recent: recent) { token in
          voters.reduce(0) { $0 + trace.score(head: $1, step: step, token: token, channels: channels[$1]) }
        }
      }
    }
  }
}

extension SmallTrace {
  /// Agreement in eighths, with many ties, for query heads 0...7 of this trace's layer and two windows.
  static func agreement(
    layer: Int, chunks: Int, slices: ContextualAgreement.Slices, pairing: RopePairing
  )
    -> ContextualAgreement
  {
    var random = SeededRandom(77)
    var values: [ContextualAgreement.Key: [[Double]]] = [:]
    for window in [64, 256] {
      values[.init(layer: layer, window: window)] = (0..<8).map { head in
        // Odd heads stay below the adaptive threshold.
        (0..<chunks).map { _ in Double(random.below(head % 2 == 0 ? 8 : 4)) / 8 }
      }
    }
    return ContextualAgreement(slices: slices, pairing: pairing, values: values)
  }
}
