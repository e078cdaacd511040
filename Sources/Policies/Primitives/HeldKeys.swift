import Attention
import Kernels

/// Keys by which an evicting policy judges the tokens that it holds: brought to length 1, or turned back to position 0.
struct HeldKeys {
  fileprivate let rows: KeyRows

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// Keys brought to length 1.
  static func directions(_ tables: GroupTables) -> HeldKeys {
    let width = tables.channels
    let keys = tables.keys(for: .held(Leave()))
    let rows = tables.grown("key directions", room: tables.room(width)) { rows, tokens in
      for token in tokens {
        let key = keys[token]
        let length = (0..<width).reduce(Float(0)) { $0 + key[$1] * key[$1] }.squareRoot()
        for c in 0..<width { rows[token * width + c] = key[c] / max(length, .leastNormalMagnitude) }
      }
    }
    return HeldKeys(rows: KeyRows(rows, width: width))
  }

  /// Keys turned back to position 0.
  static func unrotated(_ tables: GroupTables, _ rotation: Rotation) -> HeldKeys {
    HeldKeys(rows: tables.keys(for: .held(Leave()), turnedBackBy: rotation))
  }
}

extension QueryBlock {
  /// Lets a policy judge tokens that it holds by their keys: a pass over `count` keys, shared by the group.
  func judge<Judgement>(
    _ count: Int, by keys: HeldKeys, _ body: (_ key: (_ token: Int) -> UnsafePointer<Float>) -> Judgement
  ) -> Judgement {
    charge(
      DecodeOperation(.score, .rows, .keys, rowBytes: group.cachedKeyBytes, bits: group.cacheBits),
      readPerHead: count * group.cachedKeyBytes, readGroupUnion: count * group.cachedKeyBytes)
    return body { keys.rows[$0] }
  }
}
