/// The bytes of an uncompressed safetensors file, wherever they come from.
protocol ByteSource: AnyObject, Sendable {
  /// Ranges that cover a tensor's bytes in order, each at most `pieceSize` long, and that readers take whole.
  func pieces(of tensor: TensorInfo) -> [Range<Int>]

  /// Whether readers on several threads are faster than one.
  var isParallel: Bool { get }

  /// A reader for one thread.
  func makeReader() throws -> any ByteReader

  /// Checks what no tensor covers, once every piece has been read.
  func checkEnd() throws
}

/// Reads pieces on one thread, with scratch memory of its own.
protocol ByteReader: AnyObject {
  /// Fills `buffer` with a piece's bytes.
  func read(_ piece: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// Bytes of a tensor that are read at once. It is also the format's limit for a frame's content.
let pieceSize = 4 << 20

extension ByteSource {
  /// `range` cut into pieces of the same size.
  func evenPieces(of range: Range<Int>) -> [Range<Int>] {
    stride(from: range.lowerBound, to: range.upperBound, by: pieceSize).map {
      $0..<min($0 + pieceSize, range.upperBound)
    }
  }
}

/// A bare safetensors file.
final class PlainSource: ByteSource, ByteReader {
  private let file: InputFile

  init(file: InputFile) { self.file = file }

  let isParallel = true

  func pieces(of tensor: TensorInfo) -> [Range<Int>] { evenPieces(of: tensor.range) }

  func makeReader() -> any ByteReader { self }

  func read(_ piece: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    try file.read(at: piece.lowerBound, into: buffer)
  }

  /// Nothing: a bare file has no checksums.
  func checkEnd() {}
}
