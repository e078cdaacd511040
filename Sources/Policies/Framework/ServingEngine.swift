/// An engine that serves sparse attention, by how coarsely it chooses (docs/serving.md has the sources).
public enum ServingEngine: String, Sendable, CaseIterable {
  case sglang
  case vllm
  case tensorRT = "trt-llm"

  /// The parameters that say so, with their values as text.
  public var settings: [(name: String, value: String)] {
    switch self {
    // Its Quest: pages of a layer.
    case .sglang: [("scope", "layer"), ("page", "64")]
    // Its DSA: tokens of a layer.
    case .vllm: [("scope", "layer")]
    // Its RocketKV: pages of a KV head.
    case .tensorRT: [("scope", "group"), ("page", "4")]
    }
  }
}

extension PolicyConfiguration {
  /// The same policy as coarse as an engine has it, as far as it has the parameters and they are at their defaults. Evictors and
  /// what corrects its outputs stay as they are.
  public func served(by engine: ServingEngine) -> PolicyConfiguration {
    guard descriptor.kind != .eviction else { return self }
    var values = values
    for (name, text) in engine.settings {
      guard let parameter = descriptor.parameters.first(where: { $0.name == name }),
        let value = parameter.parse(text), values[name] == parameter.defaultValue
      else { continue }
      values[name] = value
    }
    let served = PolicyConfiguration(type, values: values)
    return (try? served.checkGranularity()) == nil ? self : served
  }
}
