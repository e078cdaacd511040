import Attention

extension SummaryRow {
  /// Of dense attention's bytes, as the heads of a KV head read; nil where it was not counted.
  public func bytesShare(_ reading: Reading) -> Double? {
    reading == .perHead ? perHeadBytesShare : groupUnionBytesShare
  }
}

extension Reading {
  /// The column of `summary` that has the share.
  public var bytesShareColumn: String {
    self == .perHead ? "per_head_bytes_share" : "group_union_bytes_share"
  }
}
