import Attention
import Testing

@testable import Policies

/// Our own selectors.
@Suite struct OwnSelectorsTests {
  static let trace = SmallTrace(heads: 3, positions: [40, 41, 60]).complete(prompt: 40, window: 16)

  /// With all axes and many bits a sketch loses next to nothing: the choice is the oracle's.
  @Test(arguments: [Budget.tokens(4), .tokens(9), .share(0.3)]) func aWholeSketchIsTheOracle(budget: Budget)
    throws
  {
    let trace = Self.trace
    let tables = try trace.tables()
    let axes = SketchAxes(
      window: try #require(try trace.prompt(tables).window), tables: tables, prompt: 40, shrink: 1)
    // Products of whole sketches are q · (k − k̄), up to rounding.
    let centre = mean((0..<40).map(trace.key))
    for head in 0..<3 {
      let block = try trace.block(tables: tables)
      var query = Array(repeating: Float(0), count: 8)
      query.withUnsafeMutableBufferPointer { out in
        if let out = out.baseAddress {
          axes.query(block.query(block.row(head: head, step: 0)), rank: 8, into: out)
        }
      }
      for token in [0, 17, 59] {
        var key = Array(repeating: Float(0), count: 8)
        let row = trace.keys[token].map(Float.init)
        key.withUnsafeMutableBufferPointer { out in
          row.withUnsafeBufferPointer { row in
            if let out = out.baseAddress, let row = row.baseAddress {
              axes.key(row, rank: 8, bits: 8, into: out)
            }
          }
        }
        let exact = dot(trace.query(head, 0), zip(trace.key(token), centre).map { $0 - $1 })
        // Half a step of 0.03 spreads along each of 8 axes.
        #expect(abs(Double(zip(query, key).reduce(Float(0)) { $0 + $1.0 * $1.1 }) - exact) < 6)
      }
    }
    let recall = try self.recall("sketch:rank=8,bits=8,sinks=0,recent=0", budget)
    #expect(recall > 0.97)
  }

  private func recall(_ text: String, _ budget: Budget) throws -> Double {
    let found = try Self.trace.answer(text, budget: budget).tokens.joined()
    let oracle = try Self.trace.answer("oracle", budget: budget).tokens.joined()
    let shares = zip(found, oracle).map { Double(Set($0).intersection($1).count) / Double($1.count) }
    return shares.reduce(0, +) / Double(shares.count)
  }

  @Test func moreOfASketchFindsMore() throws {
    let few = try recall("sketch:rank=2,bits=2,sinks=0,recent=0", .tokens(9))
    let some = try recall("sketch:rank=4,bits=4,sinks=0,recent=0", .tokens(9))
    let most = try recall("sketch:rank=8,bits=6,sinks=0,recent=0", .tokens(9))
    #expect(few < some && some < most)
  }

  /// The spectrum: no projection on as many axes loses less of the window's scores.
  @Test func itsAxesLoseLessThanThoseOfTheKeysAlone() throws {
    let trace = Self.trace
    let tables = try trace.tables()
    let axes = SketchAxes(
      window: try #require(try trace.prompt(tables).window), tables: tables, prompt: 40, shrink: 0)
    let centre = mean((0..<40).map(trace.key))
    let keys = (0..<40).map { zip(trace.key($0), centre).map { $0 - $1 } }
    let moments = (0..<8).map { i in (0..<8).map { j in keys.reduce(0) { $0 + $1[i] * $1[j] } } }
    let plain = SymmetricEigen.axes(moments).prefix(3)
    // Each head counts by the variance of its scores.
    var (lost, lostByPlain) = (0.0, 0.0)
    for head in 0..<3 {
      let queries = trace.windowQueries[head].map { $0.map(Double.init) }
      let all = queries.reduce(0) { sum, q in sum + keys.reduce(0) { $0 + dot(q, $1) * dot(q, $1) } }
      for q in queries {
        for (index, key) in keys.enumerated() {
          let exact = dot(q, key)
          let mine = try Self.product(axes, q, trace.key(index), rank: 3)
          let other = plain.reduce(0) { $0 + dot($1, q) * dot($1, key) }
          lost += (exact - mine) * (exact - mine) / all
          lostByPlain += (exact - other) * (exact - other) / all
        }
      }
    }
    #expect(lost < lostByPlain)
  }

  private static func product(_ axes: SketchAxes, _ q: [Double], _ k: [Double], rank: Int) throws -> Double {
    func project(_ vector: [Double], _ body: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void)
      -> [Double]
    {
      var out = Array(repeating: Float(0), count: rank)
      let row = vector.map(Float.init)
      row.withUnsafeBufferPointer { row in
        out.withUnsafeMutableBufferPointer { out in
          if let row = row.baseAddress, let out = out.baseAddress { body(row, out) }
        }
      }
      return out.map(Double.init)
    }
    return dot(
      project(q) { axes.query($0, rank: rank, into: $1) },
      project(k) { axes.key($0, rank: rank, bits: 8, into: $1) })
  }

  @Test(arguments: [1, 2, 4], [2, 16]) func sharedChunksRankByTheGroupsMeanAgreement(chunks: Int, bits: Int)
    throws
  {
    var trace = Self.trace
    let agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    trace.agreement = agreement
    let values = try #require(agreement.values[.init(layer: trace.layer, window: 256)])
    let ranked = best(Array(0..<4), chunks) { chunk in trace.queryHeads.reduce(0) { $0 + values[$1][chunk] } }
    let channels = (ranked + ranked.map { $0 + 4 }).sorted()
    let answer = try trace.answer("shared-chunks:chunks=\(chunks),bits=\(bits),sinks=0,recent=0")
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        #expect(
          areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) { token in
            dot(
              channels.map { trace.query(head, step)[$0] },
              ChannelSelectorsTests.rounded(channels.map { trace.key(token)[$0] }, bits: bits))
          })
      }
    }
  }

  /// Two heads, 8 channels, steps that see 4 and 5 tokens.
  @Test func bytesByHand() throws {
    var trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    // A sketch reads its axes for keys and for queries at each of two steps.
    for (text, row, axes) in [
      ("sketch:rank=4,bits=4", 2, 2 * 4 * 16), ("sketch:rank=3,bits=3", 2, 2 * 3 * 16),
      ("shared-chunks:chunks=2,bits=4", 2 + 4, 0),
    ] {
      #expect(
        try trace.answer(text, budget: .tokens(2)).work.bytes[.init(.metadata, .stream)]
          == TrafficBytes(
            readPerHead: 2 * (9 * row + 2 * axes), readGroupUnion: 9 * row + 2 * axes, written: 2 * row))
    }
    let sketch = try PolicyGrammar.parse(["sketch:rank=4,bits=4"])[0].policy(for: trace.group)
    #expect(sketch.residentExtraBytes(tokens: 64).device == 64 * 2 + 2 * 4 * 16)
  }
}
