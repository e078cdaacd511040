/// Holds content that is read in order against a seek table's checksums.
struct PassingChecksums {
  private let frames: [SeekTable.Frame]
  private var next = 0
  private var hash = XXHash64()
  private var position = 0

  /// - Parameter table: nil, or without checksums, for nothing to compare.
  init(_ table: SeekTable?) {
    frames = (table?.frames ?? []).filter { $0.checksum != nil && !$0.content.isEmpty }
  }

  /// Takes the content's next bytes.
  ///
  /// - Returns: the first frame that has ended with another checksum than the table's, and its own.
  mutating func pass(_ bytes: UnsafeRawBufferPointer) -> (frame: SeekTable.Frame, found: UInt32)? {
    var bytes = bytes[...]
    while next < frames.count, !bytes.isEmpty {
      let frame = frames[next]
      let part = bytes.prefix(frame.content.upperBound - position)
      hash.update(UnsafeRawBufferPointer(rebasing: part))
      position += part.count
      bytes = bytes.dropFirst(part.count)
      guard position == frame.content.upperBound else { continue }
      let found = hash.checksum
      hash = XXHash64()
      next += 1
      if found != frame.checksum { return (frame, found) }
    }
    return nil
  }
}
