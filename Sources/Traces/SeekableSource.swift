/// A seekable zstd file whose every frame can be read alone.
final class SeekableSource: ByteSource {
  private let file: InputFile
  private let frames: [SeekTable.Frame]

  init(file: InputFile, table: SeekTable) {
    self.file = file
    self.frames = table.frames
  }

  let isParallel = true

  /// One piece for each frame.
  func pieces(of tensor: TensorInfo) -> [Range<Int>] {
    frames[firstFrame(from: tensor.offset)...].prefix { $0.content.upperBound <= tensor.range.upperBound }
      .map(\.content)
  }

  func makeReader() throws -> any ByteReader {
    Reader(source: self, decoder: try FrameDecoder(file: file))
  }

  /// Nothing: every frame belongs to a tensor, but for the header's, which was checked when it was read.
  func checkEnd() {}

  /// The first frame whose content begins at `offset` or later.
  private func firstFrame(from offset: Int) -> Int {
    var range = frames.startIndex..<frames.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if frames[middle].content.lowerBound < offset {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound
  }

  private final class Reader: ByteReader {
    let source: SeekableSource
    let decoder: FrameDecoder

    init(source: SeekableSource, decoder: FrameDecoder) {
      self.source = source
      self.decoder = decoder
    }

    func read(_ piece: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
      try decoder.decode(source.frames[source.firstFrame(from: piece.lowerBound)], into: buffer)
    }
  }
}
