/// Where a partial score finds its channels.
public enum ChannelLayout: String, CaseIterable, Sendable {
  /// A side cache of each head's own channels.
  case packed
  /// A second copy of the keys, one plane per channel, that serves any head's choice.
  case planes
  /// The cache's own token-major rows: nothing extra is kept, and a channel is a strided gather.
  case rows
}
