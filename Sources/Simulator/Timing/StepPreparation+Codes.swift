import Attention
import Kernels

/// The operations over few bits: rounded vectors, codes and buckets.
extension StepPreparation {
  /// Vectors of few bits met by queries rounded to 8; where candidates alone are scored, through a list of them.
  func scoreLowBit(_ extent: StepExtent) -> () -> Void {
    let (kernels, scratch) = (kernels, scratch)
    // The kernels know 2, 4 and 8 bits; others are kept in the next of them.
    let bits = [2, 4, 8].first { $0 >= extent.operation.bits } ?? 8
    let width = (extent.operation.numbers * bits + 7) / 8 * 8 / bits
    let isListed = extent.operation.kind.pattern != .stream
    let count = isListed ? max(group.tokens, extent.rows) : extent.rows
    let memory = group.side(bytes: count * LowBitRows.rowBytes(width: width, bits: bits))
    let rows = LowBitRows(
      memory.assumingMemoryBound(to: UInt8.self), bits: bits, width: width, count: count)
    let own = queries(width: width)
    let shared = extent.sharing(of: heads)
    let list = (0..<extent.rows).map { Int32($0 * count / max(extent.rows, 1)) }
    return {
      let queries = kernels.roundQueries(own.pointer, width: width, heads: shared)
      if isListed {
        list.withUnsafeBufferPointer {
          kernels.decodeScore(rows, list: $0, queries: queries, into: scratch.row(0), stride: scratch.stride)
        }
      } else {
        kernels.decodeScore(rows, queries: queries, into: scratch.row(0), stride: max(scratch.stride, count))
      }
    }
  }

  /// Codes that look up what the query scores with each centroid, which an operation before it has computed.
  func scoreCodes(_ extent: StepExtent) -> () -> Void {
    let (kernels, scratch, heads) = (kernels, scratch, heads)
    let bits = min(8, extent.operation.bits)
    let parts = min(max(1, extent.operation.numbers), CodeRows.maximumSubspaces)
    let bytes = CodeRows.byteCount(bits: bits, subspaces: parts, tokens: extent.rows)
    // A code is a number below 2^bits, where it has a byte of its own.
    let codes = group.side(bytes: bytes).assumingMemoryBound(to: UInt8.self)
    let mask = UInt8(truncatingIfNeeded: bits <= 4 ? 255 : (1 << bits) - 1)
    for index in 0..<bytes { codes[index] &= mask }
    let rows = CodeRows(codes, bits: bits, subspaces: parts, tokens: extent.rows)
    let products = FloatBuffer.moderate(count: heads * parts << max(bits, 4), seed: 1)
    return {
      let tables = kernels.codeTables(products.pointer, bits: bits, subspaces: parts, heads: heads)
      kernels.decodeScore(rows, tables: tables, into: scratch.row(0), stride: scratch.stride)
    }
  }

  /// Members of the buckets that the queries fall into, counted by token, and those collected that are met twice. The
  /// buckets' bounds, a few numbers, are read on the way.
  func countMembers(_ extent: StepExtent) -> () -> Void {
    let tokens = group.tokens
    guard extent.operation.rowBytes == 4 else { return fetch(extent) }
    let members = group.side(bytes: extent.rows * 4).assumingMemoryBound(to: UInt32.self)
    for index in 0..<extent.rows { members[index] = members[index] % UInt32(tokens) }
    let (kernels, scratch, heads) = (kernels, scratch, heads)
    let perHead = max(1, extent.rows / heads)
    return {
      let counts = UnsafeMutableBufferPointer(start: scratch.counts, count: tokens)
      for head in 0..<heads where (head + 1) * perHead <= extent.rows {
        counts.update(repeating: 0)
        for index in head * perHead..<(head + 1) * perHead { counts[Int(members[index])] &+= 1 }
        _ = kernels.decodeCollect(
          UnsafeBufferPointer(counts), atLeast: 2, into: .init(start: scratch.list, count: tokens))
      }
    }
  }
}
