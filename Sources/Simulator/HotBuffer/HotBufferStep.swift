/// What one step found in a hot buffer, in pages.
public struct HotBufferStep: Sendable, Equatable {
  public let hits: Int
  public let misses: Int

  public init(hits: Int, misses: Int) {
    self.hits = hits
    self.misses = misses
  }
}
