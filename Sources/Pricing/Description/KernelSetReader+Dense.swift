extension KernelSet.Dense {
  init(_ fields: FieldReader) throws {
    launchNs = try fields.nanoseconds("launch_ns")
    let blocks = try fields.optionalInner("blocks").map { inner in
      let blocks = try KernelSet.Blocks(inner)
      try inner.finish()
      return blocks
    }
    kernel = try KernelSet.DenseKernel(fields, blocks: blocks)
    sets = try fields.optionalList("sets")?.map { try KernelSet.DenseSet($0) } ?? []
    try fields.finish()
  }
}

extension KernelSet.DenseKernel {
  /// The fields lie among others of the mapping.
  fileprivate init(_ fields: FieldReader, blocks: KernelSet.Blocks?) throws {
    latencyNs = try fields.nanoseconds("latency_ns")
    streamEfficiency = try fields.efficiency("stream_efficiency")
    self.blocks = blocks
    cacheShare = try fields.optionalNumber("cache_share", unit: "the last-level cache", range: 0.001...1000)
  }
}

extension KernelSet.Blocks {
  fileprivate init(_ fields: FieldReader) throws {
    rate = try fields.number("rate", unit: "the bandwidth", range: 0.001...1e6)
    splits = try fields.number("splits", unit: "blocks", range: 0.001...1e9)
  }
}

extension KernelSet.DenseSet {
  fileprivate init(_ fields: FieldReader) throws {
    if let machine = try fields.optionalWord("machine") {
      place = .machine(machine)
    } else {
      place = .memory(
        try fields.choice("memory", HardwareDescription.MemoryKind.self),
        inlineECC: try fields.optionalFlag("inline_ecc") ?? false)
    }
    name = try fields.optionalWord("kernel")
    cacheBits = try fields.number("cache_bits", unit: "bits", range: 1...64)
    headDim = try fields.number("head_dim", unit: "channels", range: 1...65_536)
    isGrouped = try fields.choice("query_heads", QueryHeads.self) == .several
    kernel = try KernelSet.DenseKernel(fields, blocks: KernelSet.Blocks(fields))
    try fields.finish()
  }

  /// Of a KV head.
  enum QueryHeads: String, CaseIterable { case one, several }
}
