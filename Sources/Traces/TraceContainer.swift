/// The forms in which a trace may be stored; told apart by the bytes, never by the file's name.
public enum TraceContainer: String, Sendable, Codable, CaseIterable {
  /// Zstandard frames and a table of them: layers are read alone and in parallel.
  case seekableZstd = "seekable-zstd"
  /// Any other Zstandard stream, and a seekable one whose frames hold parts of several tensors: read in
  /// order.
  case zstd
  /// A bare safetensors file.
  case safetensors
}

/// A trace's bytes and header, whatever the container.
struct OpenedContainer {
  let container: TraceContainer
  let source: any ByteSource
  let header: SafetensorsHeader

  init(file: InputFile) throws {
    let start = try file.bytes(at: 0, count: min(SafetensorsHeader.lengthFieldSize + 1, file.size))
    if Self.beginsZstd(start) {
      let table = try SeekTable(file: file)
      self = try table.flatMap { try Self.seekable(file, $0) } ?? Self.stream(file, table)
    } else if start.last == UInt8(ascii: "{"), start.count > SafetensorsHeader.lengthFieldSize {
      self = try Self.plain(file, length: try SafetensorsHeader.length(start, file: file.path))
    } else {
      throw TraceError(
        .notATrace, file: file.path, expected: "a Zstandard or safetensors file",
        found: "\(file.size) bytes that begin otherwise", advice: "give a trace that fasa-capture wrote")
    }
  }

  private init(_ container: TraceContainer, _ source: any ByteSource, _ header: SafetensorsHeader) {
    self.container = container
    self.source = source
    self.header = header
  }

  private static func beginsZstd(_ start: [UInt8]) -> Bool {
    guard start.count >= 4 else { return false }
    let magic = UInt32(start.littleEndian(at: 0, count: 4))
    return magic == FrameWalk.frameMagic || magic & 0xFFFF_FFF0 == FrameWalk.skippableMagic
  }

  /// - Returns: nil where the table's frames do not allow reading layers alone.
  private static func seekable(_ file: InputFile, _ table: SeekTable) throws -> OpenedContainer? {
    let limit = SafetensorsHeader.lengthFieldSize + SafetensorsHeader.sizeLimit
    guard let first = table.frames.first,
      SeekTable.isReadable(first, limit: limit), first.content.count >= SafetensorsHeader.lengthFieldSize
    else { return nil }
    let buffer = try AlignedBuffer.allocate(first.content.count, file: file.path, part: first.name)
    try FrameDecoder(file: file).decode(first, into: buffer.bytes)
    let length = try SafetensorsHeader.length(buffer.bytes, file: file.path)
    guard SafetensorsHeader.lengthFieldSize + length == first.content.count else { return nil }
    let header = try SafetensorsHeader(
      json: Array(buffer.bytes[SafetensorsHeader.lengthFieldSize...]), file: file.path)
    try check(header, contentSize: table.contentSize, file: file)
    guard table.allowsRandomAccess(to: header) else { return nil }
    return OpenedContainer(.seekableZstd, SeekableSource(file: file, table: table), header)
  }

  /// - Parameter table: the stream's seek table, where it has one; its sum must be right even where it is not
  ///   used.
  private static func stream(_ file: InputFile, _ table: SeekTable?) throws -> OpenedContainer {
    let walk = try FrameWalk(file: file)
    let source = try StreamSource(file: file, table: table)
    let lengthField = try bytes(0..<SafetensorsHeader.lengthFieldSize, of: source, walk, file)
    let length = try SafetensorsHeader.length(lengthField, file: file.path)
    let end = SafetensorsHeader.lengthFieldSize + length
    let json = try bytes(SafetensorsHeader.lengthFieldSize..<end, of: source, walk, file)
    let header = try SafetensorsHeader(json: json, file: file.path)
    if let contentSize = table?.contentSize { try check(header, contentSize: contentSize, file: file) }
    if let contentSize = walk.contentSize {
      try check(header, contentSize: contentSize, file: file)
    } else if header.contentSize > walk.contentLimit {
      throw truncated(file, expected: "\(header.contentSize) bytes", found: "at most \(walk.contentLimit)")
    }
    return OpenedContainer(.zstd, source, header)
  }

  private static func bytes(
    _ range: Range<Int>, of source: StreamSource, _ walk: FrameWalk, _ file: InputFile
  ) throws -> [UInt8] {
    guard range.upperBound <= walk.contentLimit else {
      throw truncated(
        file, expected: "a header of \(range.upperBound) bytes", found: "at most \(walk.contentLimit)")
    }
    var result = [UInt8](repeating: 0, count: range.count)
    try result.withUnsafeMutableBytes { try source.read(range, into: $0) }
    return result
  }

  private static func plain(_ file: InputFile, length: Int) throws -> OpenedContainer {
    let end = SafetensorsHeader.lengthFieldSize + length
    guard end <= file.size else {
      throw truncated(file, expected: "a header of \(end) bytes", found: "\(file.size)")
    }
    let json = try file.bytes(at: SafetensorsHeader.lengthFieldSize, count: length)
    let header = try SafetensorsHeader(json: json, file: file.path)
    try check(header, contentSize: file.size, file: file)
    return OpenedContainer(.safetensors, PlainSource(file: file), header)
  }

  private static func check(_ header: SafetensorsHeader, contentSize: Int, file: InputFile) throws {
    if header.contentSize > contentSize {
      throw truncated(
        file, expected: "\(header.contentSize) bytes, up to the last tensor", found: "\(contentSize)")
    }
    guard header.contentSize == contentSize else {
      throw TraceError(
        .wrongOffsets, file: file.path, part: "content",
        expected: "\(header.contentSize) bytes, up to the last tensor",
        found: "\(contentSize)", advice: TraceError.captureAgain)
    }
  }

  private static func truncated(_ file: InputFile, expected: String, found: String) -> TraceError {
    TraceError(
      .truncated, file: file.path, part: "content", expected: expected, found: found,
      advice: TraceError.copyAgain)
  }
}
