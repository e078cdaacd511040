extension KernelSet.Dense {
  var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("launch_ns", launchNs)
    fields.number("latency_ns", kernel.latencyNs)
    fields.number("stream_efficiency", kernel.streamEfficiency)
    fields.inner(
      "blocks",
      kernel.blocks.map { blocks in
        var fields = FieldWriter()
        blocks.write(into: &fields)
        return fields
      })
    fields.number("cache_share", kernel.cacheShare)
    if !sets.isEmpty { fields.list("sets", sets.map(\.fields)) }
    return fields
  }
}

extension KernelSet.Blocks {
  fileprivate func write(into fields: inout FieldWriter) {
    fields.number("rate", rate)
    fields.number("splits", splits)
  }
}

extension KernelSet.DenseSet {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    switch place {
    case .machine(let name): fields.text("machine", name)
    case .memory(let kind, let inlineECC):
      fields.word("memory", kind.rawValue)
      if inlineECC { fields.word("inline_ecc", "true") }
    }
    fields.text("kernel", name)
    fields.number("cache_bits", cacheBits)
    fields.number("head_dim", headDim)
    fields.word("query_heads", (isGrouped ? QueryHeads.several : .one).rawValue)
    fields.number("latency_ns", kernel.latencyNs)
    fields.number("stream_efficiency", kernel.streamEfficiency)
    kernel.blocks?.write(into: &fields)
    fields.number("cache_share", kernel.cacheShare)
    return fields
  }
}
