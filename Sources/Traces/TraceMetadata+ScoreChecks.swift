extension TraceMetadata {
  /// - Throws: `TraceError` of kind `invalidMetadata` that names the key.
  func checkScores(_ file: String) throws {
    if let token = scores?.token {
      try checkText(token.name, file, "scores.token.name")
      try checkAnnounced(token.layers, file, "scores.token.layers")
    }
    if let norms = scores?.valueNorm { try checkAnnounced(norms.layers, file, "scores.value_norm.layers") }
    guard let index = scores?.index else { return }
    try checkText(index.name, file, "scores.index.name")
    for (name, count) in [("heads", index.heads), ("channels", index.channels)] {
      try require(
        (1...Self.countLimit).contains(count), file, "scores.index.\(name)",
        "a number from 1 to \(Self.countLimit)", count)
    }
    // What is not summed over the indexer's heads is a KV head's own.
    try require(
      index.isWeighted || index.heads == geometry.kvHeads, file, "scores.index.heads",
      "the \(geometry.kvHeads) KV heads, where heads are not weighted", index.heads)
    try checkAnnounced(index.layers, file, "scores.index.layers")
  }
}
