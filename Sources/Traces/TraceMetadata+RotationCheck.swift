extension TraceMetadata {
  /// How a capture verified that its layers' keys turn with their positions as `rope` says.
  ///
  /// The first tokens of the text were run at other positions as well: their keys must differ by the declared
  /// rotation and by nothing else, in every captured layer.
  public struct RotationCheck: Codable, Sendable, Equatable {
    /// Such as `shifted tokens`.
    public var method: String
    /// How many tokens were run again.
    public var tokens: Int
    /// By how many positions they were moved.
    public var shifts: [Int]
    /// Of any head's chunk in any captured layer: the length of the difference over that of the chunk, the median over
    /// tokens.
    public var largestError: Double
    /// The captured layer that it is of.
    public var largestErrorLayer: Int
    /// The error from which on nothing would have been written.
    public var tolerance: Double

    public init(
      method: String, tokens: Int, shifts: [Int], largestError: Double, largestErrorLayer: Int,
      tolerance: Double
    ) {
      self.method = method
      self.tokens = tokens
      self.shifts = shifts
      self.largestError = largestError
      self.largestErrorLayer = largestErrorLayer
      self.tolerance = tolerance
    }

    enum CodingKeys: String, CodingKey {
      case method, tokens, shifts, tolerance
      case largestError = "largest_error"
      case largestErrorLayer = "largest_error_layer"
    }
  }
}
