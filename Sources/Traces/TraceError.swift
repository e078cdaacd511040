import Attention

/// What is wrong with a trace, or what kept it from being read or written.
///
/// Of what the file says it shows an `Excerpt`:
///
///     run.zst: layers.5.k: expected shape [3, 4096, 64], found [3, 4095, 64]; capture the trace again
public struct TraceError: ExplainedError, Equatable {
  /// The error's name, for callers and tests that tell errors apart.
  public enum Kind: String, Sendable, CaseIterable {
    case cannotOpen, cannotRead, cannotWrite
    case notATrace, truncated, damagedFrame, damagedSeekTable
    case headerTooLong, damagedHeader
    case missingMetadata, unknownVersion, missingKey, invalidMetadata
    case missingTensor, unexpectedTensor, wrongElementType, wrongShape, wrongOffsets
    case wrongPositions, nonFiniteValue
    case layerNotCaptured, tooLarge, otherDigest
  }

  public let kind: Kind
  /// The file's path, as the caller gave it.
  public let file: String
  /// The tensor, key or region of the file that is wrong, where there is one.
  public let part: String?
  public let expected: String
  public let found: String
  public let advice: String?

  /// Expectations are our own words, but for counts and shapes that follow from the metadata.
  private static let longestExpectation = 160

  public init(
    _ kind: Kind, file: String, part: String? = nil, expected: String, found: String,
    advice: String? = nil
  ) {
    self.kind = kind
    self.file = file
    self.part = part.map { Excerpt.of($0) }
    self.expected = Excerpt.of(expected, limit: Self.longestExpectation)
    self.found = Excerpt.of(found)
    self.advice = advice
  }

  public var place: String { part.map { "\(file): \($0)" } ?? file }
}

extension TraceError {
  /// For damage that another copy of the file may not have.
  static let copyAgain = "copy or download the file again"
  /// For contradictions that were written into the file.
  static let captureAgain = "capture the trace again"
}
