import Attention

/// The SHA-256 that ties exact results to their bits.
///
/// Of a configuration: its label, then layer by layer and head by head each metric's values as
/// little-endian IEEE doubles and the hashes of the sets chosen, then the bytes moved by what they are, whichever kernel moved them. Threads, instruction set and
/// build do not enter.
enum ExactDigest {
  static func of(_ configuration: ReplayConfiguration, heads: [HeadResult], traffic: [GroupWork]) -> String {
    let stream = DigestStream()
    stream.add(configuration.label)
    for head in heads {
      stream.add(head.layer)
      stream.add(head.queryHead)
      for metric in Metric.allCases {
        for value in head[metric] { stream.add(value.isNaN ? Double.nan.bitPattern : value.bitPattern) }
      }
      for hash in head.choiceHashes { stream.add(hash) }
    }
    for group in traffic {
      stream.add(group.layer)
      stream.add(group.kvHead)
      for (kind, bytes) in group.work.bytes.sorted(by: { $0.key.sortKey < $1.key.sortKey }) {
        stream.add(kind.sortKey)
        for amount in [bytes.readPerHead, bytes.readGroupUnion, bytes.written] { stream.add(amount) }
      }
      stream.add(group.residentDeviceBytes)
      stream.add(group.residentHostBytes)
    }
    return stream.hex
  }

  static func of(_ digests: [String]) -> String {
    let stream = DigestStream()
    for digest in digests { stream.add(digest) }
    return stream.hex
  }
}

private struct DigestStream {
  private let hash = SHA256Digest()

  func add(_ text: String) {
    add(text.utf8.count)
    hash.update(text.utf8)
  }

  func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }

  func add(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { hash.update($0) }
  }

  var hex: String { hash.hex }
}
