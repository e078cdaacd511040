import Attention

extension ParameterDescriptor {
  fileprivate static let own = "own"
  fileprivate static let (stored, exact) = ("stored", "exact")

  /// How the cache stores keys and values.
  public static let kv = ParameterDescriptor(
    "kv", .choice([own] + CacheFormat.allCases.map(\.rawValue)), default: .word(own),
    help: "how the cache stores keys and values; own: as the trace holds them")
  /// What a policy looks at to choose, where that is not what it then attends to.
  public static let chooses = ParameterDescriptor(
    "kv-chooses", .choice([stored, exact]), default: .word(stored),
    help: "choose by the keys as the cache stores them, or by exact ones")

  /// Tokens of a buffer on the device, for each KV head, before a cache that lies on the host.
  public static let hot = ParameterDescriptor(
    "hot", .integer(0...1_000_000_000), default: .integer(0),
    help:
      "the cache lies on the host, and this many tokens of a KV head in a buffer on the device; 0: no buffer")
  public static let hotOrder = ParameterDescriptor(
    "hot-order", .choice(HotBuffer.Replacement.allCases.map(\.rawValue)), default: .word("lru"),
    help: "which of the buffer's tokens go first")
  public static let hotPage = ParameterDescriptor(
    "hot-page", .integer(1...65_536), default: .integer(1), help: "tokens that come and go together")
  public static let hotStart = ParameterDescriptor(
    "hot-start", .choice(HotBuffer.Start.allCases.map(\.rawValue)), default: .word("first"),
    help: "what the buffer holds after the prompt: its first tokens, or none")

  /// Whatever a policy chooses, the cache that it chooses from has these.
  public static let ofTheCache = [kv, chooses, hot, hotOrder, hotPage, hotStart]
}

extension PolicyConfiguration {
  /// How the cache stores keys and values; nil for as the trace holds them.
  public var cacheFormat: CacheFormat? { CacheFormat(rawValue: values.word(.kv)) }

  /// The same with another cache; nil for as the trace holds it.
  public func stored(as format: CacheFormat?) -> PolicyConfiguration {
    var values = values
    values[.kv] = .word(format?.rawValue ?? ParameterDescriptor.own)
    return PolicyConfiguration(type, values: values)
  }

  /// Whether it chooses by exact keys although the cache stores others.
  public var choosesByExactKeys: Bool { values.word(.chooses) == ParameterDescriptor.exact }
}

extension PolicyConfiguration {
  /// The buffer before a cache on the host; nil where there is none.
  public var hotBuffer: HotBuffer? {
    let tokens = values.integer(.hot)
    guard tokens > 0, let order = HotBuffer.Replacement(rawValue: values.word(.hotOrder)),
      let start = HotBuffer.Start(rawValue: values.word(.hotStart))
    else { return nil }
    return HotBuffer(tokens: tokens, replacement: order, page: values.integer(.hotPage), start: start)
  }

  /// The same with another buffer. What an evictor dropped lies nowhere, so that it has none.
  public func buffered(by buffer: HotBuffer) -> PolicyConfiguration {
    guard descriptor.kind != .eviction else { return self }
    var values = values
    values[.hot] = .integer(buffer.tokens)
    values[.hotOrder] = .word(buffer.replacement.rawValue)
    values[.hotPage] = .integer(buffer.page)
    values[.hotStart] = .word(buffer.start.rawValue)
    return PolicyConfiguration(type, values: values)
  }

  /// - Throws: ``PolicyError`` where a buffer cannot be, or has nothing to do.
  func checkHotBuffer() throws {
    guard let buffer = hotBuffer else { return }
    guard descriptor.kind != .eviction else {
      throw PolicyError(
        "\(label): hot", expected: "a policy that reads from a whole cache", found: "one that drops tokens",
        advice: "leave it out")
    }
    guard buffer.pages > 0 else {
      throw PolicyError(
        "\(label): hot-page", expected: "at most the buffer's \(buffer.tokens) tokens",
        found: "\(buffer.page)")
    }
  }

  /// - Throws: ``PolicyError`` where the cache cannot store this model's heads.
  func checkCache(of group: GroupContext) throws {
    guard let format = cacheFormat else { return }
    for (name, channels) in [("keys", group.headDim), ("values", group.valueDim)]
    where !channels.isMultiple(of: format.channels) {
      throw PolicyError(
        "\(label): \(name)",
        expected: "heads of a multiple of \(format.channels) channels, which are stored together",
        found: "\(channels)", advice: "choose another kv")
    }
  }
}
