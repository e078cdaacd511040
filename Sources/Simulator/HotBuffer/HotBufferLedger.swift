import Attention
import Policies

/// What the steps of one KV head ask of a hot buffer, gathered until all are known: Belady's order wants the future.
struct HotBufferLedger {
  private let buffer: HotBuffer
  /// Tokens of each step that lie on the host, ascending, whichever query heads read them.
  private var chosen: [[Int32]] = []
  private var newest: [Int] = []

  init(_ buffer: HotBuffer) { self.buffer = buffer }

  /// A step that chose.
  ///
  /// - Parameter held: tokens that lie on the device whatever the query.
  mutating func read(_ choice: Selections, rows: [Int], held: [Range<Int>], at step: Step) {
    var isAsked = [Bool](repeating: false, count: step.visible.upperBound)
    for row in rows { choice.withTokens(row) { for token in $0 { isAsked[Int(token)] = true } } }
    for range in held { for token in range.clamped(to: isAsked.indices) { isAsked[token] = false } }
    chosen.append(isAsked.indices.filter { isAsked[$0] }.map(Int32.init))
    newest.append(step.position)
  }

  /// A step that sees all tokens, which then lie on the device.
  mutating func pass(at step: Step) {
    chosen.append([])
    newest.append(step.position)
  }

  /// What each step found, and the bytes of what it did not: over the link, and into the buffer.
  ///
  /// - Parameter keyBytes: of a key, what does not lie on the device anyway.
  func settle(prompt: Int, keyBytes: Int, group: GroupContext) -> (steps: [HotBufferStep], work: Work) {
    let steps = HotBufferRun.steps(buffer, chosen: chosen, newest: newest, prompt: prompt)
    let rows = steps.reduce(0) { $0 + $1.misses } * buffer.page
    var work = Work()
    for (content, rowBytes) in [(TrafficContent.keys, keyBytes), (.values, group.cachedValueBytes)]
    where rowBytes > 0 {
      let bytes = rows * rowBytes
      work.charge(
        DecodeOperation(
          .upkeep, .gather, content, rowBytes: rowBytes, bits: group.cacheBits,
          pattern: .gather(rowBytes: buffer.page * rowBytes), tier: .host),
        TrafficBytes(readPerHead: bytes, readGroupUnion: bytes))
      work.charge(
        DecodeOperation(.upkeep, .append, content, rowBytes: rowBytes, bits: group.cacheBits),
        TrafficBytes(written: bytes))
    }
    return (steps, work)
  }

  /// Tokens that the buffer holds when it is full of what there is.
  func residentTokens(of visible: Int) -> Int { min(buffer.pages * buffer.page, visible) }
}
