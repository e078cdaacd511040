import Attention
import Kernels

/// Keys turned at random and cut into blocks of 8 channels, each kept as the pattern of its signs, and once more in 4 bits a
/// channel with a weight to each block.
struct SignPatterns {
  static let blockChannels = 8
  /// Between the magnitudes, of a block of length 1, that 3 bits tell apart; one that lies on a bound counts below it.
  static let bounds: [Float] = [0.0843, 0.1698, 0.2578, 0.3499, 0.4487, 0.5585, 0.6901]
  static let magnitudes: [Float] = [0.0420, 0.1266, 0.2130, 0.3025, 0.3973, 0.5001, 0.6169, 0.7633]

  let turn: RandomTurn
  let width: Int
  /// `[blocks][room]`: numbers whose bit j says that channel j is not negative, since votes go over all tokens of a block.
  private let patterns: FloatBuffer
  /// Tokens that there is room for.
  private let room: Int
  /// The keys as 4 bits have them, `[tokens][width]`.
  private let sketches: FloatBuffer

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// - Parameter seed: of the signs, which layers and heads share.
  init(_ tables: GroupTables, seed: UInt64) {
    let width = tables.channels
    let turn = RandomTurn(width: width, seed: seed)
    (self.turn, self.width, room) = (turn, width, tables.tokens)
    let keys = tables.keys(for: .patterns(Leave()))
    let blocks = Self.blocks(width)
    func turned(_ token: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
      var key = Array(UnsafeBufferPointer(start: keys[token], count: width))
      key.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        turn.turn(start)
        body(buffer)
      }
    }
    patterns = tables.grown("sign patterns \(seed)", room: tables.room(blocks.count)) { out, tokens in
      for token in tokens {
        turned(token) { key in
          for (place, block) in blocks.enumerated() {
            out[place * tables.tokens + token] = Float(Self.pattern(key[block]))
          }
        }
      }
    }
    sketches = tables.grown("sign sketches \(seed)", room: tables.room(width)) { out, tokens in
      for token in tokens {
        turned(token) { key in
          for block in blocks {
            let sketch = Self.sketch(key[block], stretch: turn.stretch)
            for (place, value) in sketch.enumerated() {
              out[token * width + block.lowerBound + place] = value
            }
          }
        }
      }
    }
  }

  /// Channels of each block; the last one may be short.
  static func blocks(_ width: Int) -> [Range<Int>] {
    stride(from: 0, to: width, by: blockChannels).map { $0..<min($0 + blockChannels, width) }
  }

  var blockCount: Int { Self.blocks(width).count }

  static func pattern(_ block: some Sequence<Float>) -> Int {
    block.enumerated().reduce(0) { $0 | ($1.element >= 0 ? 1 << $1.offset : 0) }
  }

  /// A block by signs and magnitudes, with the weight, in 16 bits, that gives it the length along the block that it has.
  ///
  /// - Parameter stretch: how much longer than the key's the block's numbers are.
  static func sketch(_ block: some Collection<Float>, stretch: Float) -> [Float] {
    let length = block.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { return block.map { _ in 0 } }
    let centres = block.map { value in
      let size = abs(value) / length
      return magnitudes[bounds.reduce(0) { $0 + ($1 < size ? 1 : 0) }]
    }
    let along = zip(centres, block).reduce(Float(0)) { $0 + $1.0 * abs($1.1) / length }
    let weight = HalfPrecision.float(bf16: HalfPrecision.bf16(length / stretch / along))
    return zip(centres, block).map { $1 >= 0 ? weight * $0 : -weight * $0 }
  }

  /// Votes of patterns in descending order of their scores: one for each tier that a pattern begins in, which is where fewer
  /// keys lie in the patterns before it than the tier holds.
  ///
  /// - Parameters:
  ///   - counts: keys of each pattern, in that order.
  ///   - tiers: keys that each tier holds.
  static func votes(counts: [Int], tiers: [Int]) -> [Int] {
    var before = 0
    return counts.map { count in
      defer { before += count }
      return tiers.count { before < $0 }
    }
  }

  /// Votes of all patterns of a block, by pattern.
  private static func votes(_ query: ArraySlice<Float>, counts: [Int], tiers: [Int]) -> [Float] {
    let scores = (0..<1 << query.count).map { pattern in
      query.enumerated().reduce(Float(0)) { sum, channel in
        pattern >> channel.offset & 1 == 1 ? sum + channel.element : sum - channel.element
      }
    }
    let order = scores.bestFirst()
    var result = Array(repeating: Float(0), count: scores.count)
    for (pattern, votes) in zip(order, votes(counts: order.map { counts[$0] }, tiers: tiers)) {
      result[pattern] = Float(votes)
    }
    return result
  }

  /// Votes for each of some tokens, summed over the blocks.
  fileprivate func votes(_ query: [Float], tokens: Range<Int>, tiers: [Int]) -> [Float] {
    var sums = Array(repeating: Float(0), count: tokens.count)
    sums.withUnsafeMutableBufferPointer { sums in
      for (place, block) in Self.blocks(width).enumerated() {
        let own = UnsafeBufferPointer(
          start: patterns.pointer + place * room + tokens.lowerBound, count: tokens.count)
        var counts = Array(repeating: 0, count: 1 << block.count)
        counts.withUnsafeMutableBufferPointer { counts in for pattern in own { counts[Int(pattern)] += 1 } }
        Self.votes(query[block], counts: counts, tiers: tiers).withUnsafeBufferPointer { votes in
          for index in own.indices { sums[index] += votes[Int(own[index])] }
        }
      }
    }
    return sums
  }

  /// Products of a turned query with some tokens' sketches.
  fileprivate func scores(_ query: [Float], of tokens: [Int]) -> [Float] {
    RowProducts.of(query, width: width, count: tokens.count) {
      UnsafePointer(sketches.pointer + tokens[$0] * width)
    }
  }
}

extension QueryBlock {
  /// The sum of a step's queries over the group's heads, turned: what ranks as their mean of length 1 does.
  func turnedSum(step: Int, _ turn: RandomTurn) -> [Float] {
    var sum = Array(repeating: Float(0), count: group.headDim)
    for head in 0..<group.groupSize {
      let query = query(row(head: head, step: step))
      for c in sum.indices { sum[c] += query[c] }
    }
    sum.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { turn.turn(start) } }
    return sum
  }

  /// Votes of one query of a step for some tokens: their patterns are read, and how many keys each pattern of a block has.
  func votes(_ patterns: SignPatterns, _ query: [Float], tokens: Range<Int>, tiers: [Int]) -> [Float] {
    let stored = StoredRow.codes(patterns.blockCount, bits: SignPatterns.blockChannels)
    let read = tokens.count * stored.bytes
    charge(stored.scoring(), readPerHead: read, readGroupUnion: read)
    let counts = patterns.countBytes
    charge(.list(.score), readPerHead: counts, readGroupUnion: counts)
    chargeScores(tokens.count, writtenBy: .codes, readBy: .select)
    return patterns.votes(query, tokens: tokens, tiers: tiers)
  }

  /// Products of one query of a step with the sketches of some tokens, gathered.
  func scores(_ patterns: SignPatterns, _ query: [Float], of tokens: [Int]) -> [Float] {
    let stored = patterns.sketchRow
    let read = tokens.count * stored.bytes
    charge(
      stored.scoring(.gather(rowBytes: stored.bytes)), readPerHead: read, readGroupUnion: read)
    chargeScores(tokens.count, writtenBy: stored.kernel, readBy: .select)
    return patterns.scores(query, of: tokens)
  }

  /// What every step writes for its new token: its patterns, its sketch, and the counts of its patterns.
  func chargeAppend(_ patterns: SignPatterns) {
    chargeAppend(rowBytes: patterns.blockCount)
    chargeAppend(rowBytes: patterns.sketchRow.bytes)
    chargeAppend(rowBytes: 4, pieces: patterns.blockCount)
  }
}

extension SignPatterns {
  /// 4 bits a channel, and a weight of 16 bits to each block.
  static func sketchRow(_ width: Int) -> StoredRow {
    .scaled(width, bits: 4, beside: 2 * blocks(width).count)
  }

  /// How many keys each pattern of each block has, 32 bits each.
  static func countBytes(_ width: Int) -> Int { blocks(width).reduce(0) { $0 + 4 << $1.count } }

  fileprivate var sketchRow: StoredRow { Self.sketchRow(width) }
  fileprivate var countBytes: Int { Self.countBytes(width) }
}
