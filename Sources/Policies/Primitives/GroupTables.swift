import Foundation
import Kernels

/// What is computed once for a KV group and shared by all blocks and configurations that ask: the tables that policies
/// derive from its keys.
///
/// A table may cover every token of the trace; a policy's primitives read of it only what a step sees. Keys themselves
/// are for the makers of tables (``KeyReader``). In a live model tokens come one by one, and tables grow with them; caches
/// that go on from one prompt share what is made of the prompt. Not for sharing between threads, but for that.
public final class GroupTables {
  public let kernels: Kernels
  private let keys: KeyPanels
  private let tiles: ValueTiles?
  private var known: [String: Any] = [:]
  /// Tokens whose keys and values are there.
  public private(set) var present: Int
  /// What the prompt tells of those that go on from it.
  private let origin: GroupTables?
  /// Held while one of several that go on from these makes a table here, which may need another one.
  private let lock = NSRecursiveLock()

  /// - Parameters:
  ///   - values: nil where only keys are looked at, as in a calibration.
  ///   - present: how many tokens are there, where more are to come; nil where all are.
  public init(kernels: Kernels, keys: KeyPanels, values: ValueTiles? = nil, present: Int? = nil) {
    self.kernels = kernels
    self.keys = keys
    tiles = values
    self.present = present ?? keys.tokens
    origin = nil
  }

  /// Goes on from a prompt, whose tables may be used by several at once and grow no more.
  ///
  /// - Parameters:
  ///   - keys: those of the prompt, with room for what is to come.
  ///   - values: the same.
  public init(goingOnFrom prompt: GroupTables, keys: KeyPanels, values: ValueTiles) {
    precondition(keys.tokens == prompt.tokens && keys.channels == prompt.channels)
    kernels = prompt.kernels
    self.keys = keys
    tiles = values
    present = prompt.present
    origin = prompt
  }

  /// Keys and values up to a token have been written.
  public func extend(to tokens: Int) {
    precondition((present...self.tokens).contains(tokens))
    present = tokens
  }

  /// The value made under `name`, which must say everything that it was made from.
  ///
  /// - Parameter ofPrompt: whether that is the prompt alone, so that all that go on from it share the value.
  func cached<Value>(_ name: String, ofPrompt: Bool = false, _ make: () -> Value) -> Value {
    if let found = known[name] as? Value { return found }
    let made =
      if ofPrompt, let origin { origin.lock.withLock { origin.cached(name, make) } } else { make() }
    known[name] = made
    return made
  }

  /// Rows made under `name`, one for each token that is there, which grow as tokens come.
  ///
  /// - Parameters:
  ///   - room: for the rows of all tokens.
  ///   - fill: makes the rows of some tokens, whatever was made before.
  func grown<Rows: ForkableRows>(
    _ name: String, room: (_ isForkable: Bool) -> Rows, fill: (Rows, Range<Int>) -> Void
  ) -> Rows {
    let entry: GrownRows<Rows>
    if let found = known[name] as? GrownRows<Rows> {
      entry = found
    } else if let origin {
      let prompt = origin.lock.withLock { origin.grown(name, room: { _ in room(true) }, fill: fill) }
      entry = GrownRows(prompt.forked(), made: origin.present)
    } else {
      entry = GrownRows(room(false), made: 0)
    }
    known[name] = entry
    if entry.made < present {
      fill(entry.rows, entry.made..<present)
      entry.made = present
    }
    return entry.rows
  }

  /// All tokens, those to come included.
  public var tokens: Int { keys.tokens }
  public var channels: Int { keys.channels }

  /// The keys, `[tokens][channels]`.
  ///
  /// - Parameter rotation: turns them back to position 0, where given.
  func keys(for _: KeyReader, turnedBackBy rotation: Rotation? = nil) -> KeyRows {
    KeyRows(rotation.map(unrotatedRows) ?? keyRows, width: channels)
  }

  /// What policies may know of the values; nil where the group has none.
  var values: ValueRows? {
    tiles.map { tiles in
      let rows = grown("value rows", room: room(tiles.paddedChannels)) { rows, tokens in
        for token in tokens { tiles.read(token, into: rows.pointer + token * tiles.paddedChannels) }
      }
      return ValueRows(rows, width: tiles.paddedChannels)
    }
  }

  /// Packs rows `[count][width]` for scoring.
  func pack(_ rows: FloatBuffer, count: Int, width: Int) -> KeyPanels {
    kernels.packKeys(
      UnsafeRawBufferPointer(start: rows.pointer, count: count * width * 4), element: .f32, tokens: count,
      channels: width)
  }

  private var keyRows: FloatBuffer {
    grown("key rows", room: room(channels)) { [keys, channels] rows, tokens in
      for token in tokens { keys.read(token, into: rows.pointer + token * channels) }
    }
  }

  private func unrotatedRows(_ rotation: Rotation) -> FloatBuffer {
    let rows = keyRows
    return grown("unrotated keys", room: room(channels)) { [channels] turned, tokens in
      for token in tokens {
        (turned.pointer + token * channels).update(from: rows.pointer + token * channels, count: channels)
        rotation.turn(turned.pointer + token * channels, by: -token)
      }
    }
  }

  /// Rows as ``grown(_:room:fill:)`` makes them, packed for scoring.
  ///
  /// - Parameters:
  ///   - make: the rows of some tokens, `[tokens][width]`.
  func grownPanels(_ name: String, width: Int, make: (Range<Int>) -> FloatBuffer) -> KeyPanels {
    // All at once where all are there: packing is quicker than writing one by one.
    if origin == nil, present == tokens {
      return cached(name) { pack(make(0..<tokens), count: tokens, width: width) }
    }
    let room = { [tokens] in KeyPanels.room(tokens: tokens, channels: width, isForkable: $0) }
    return grown(name, room: room) { panels, tokens in
      let rows = make(tokens)
      for (place, token) in tokens.enumerated() { panels.write(rows.pointer + place * width, at: token) }
    }
  }

  /// For rows of so many floats, one for each token.
  func room(_ width: Int) -> (_ isForkable: Bool) -> FloatBuffer {
    { [tokens] in $0 ? .forkable(count: tokens * width) : FloatBuffer(count: tokens * width) }
  }
}

/// Rows that others may go on from, apart from each other.
protocol ForkableRows { func forked() -> Self }

extension FloatBuffer: ForkableRows {}
extension KeyPanels: ForkableRows {}

/// Rows of which the first `made` are there.
private final class GrownRows<Rows> {
  let rows: Rows
  var made: Int

  init(_ rows: Rows, made: Int) {
    self.rows = rows
    self.made = made
  }
}
