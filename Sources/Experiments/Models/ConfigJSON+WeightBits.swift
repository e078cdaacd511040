import Attention
import Pricing

extension ConfigJSON {
  /// Bits of a weight with its scales, as `quantization_config` and `dtype` have them; 16 where neither is there.
  func weightBits() throws -> ModelShape.WeightBits {
    let plain = try plainBits()
    let settings =
      try fields.inner("quantization_config") ?? whole.inner("quantization_config")
      ?? whole.inner("quantization")
    guard let settings else {
      return .init(experts: plain, projections: plain, tables: plain)
    }
    let method = settings.text("quant_method") ?? ""
    switch method {
    case "mxfp4":
      // A scale of 8 bits for 32 weights, of the experts alone.
      return .init(experts: 4.25, projections: plain, tables: plain)
    case "fp8", "fbgemm_fp8":
      let block = try settings.list("weight_block_size") ?? []
      let sides = block.map { if case .count(let side) = $0 { Double(side) } else { 0.0 } }
      let weights = sides.reduce(1, *)
      let bits = 8 + (sides.count == 2 && weights > 0 ? 32 / weights : 0)
      return .init(experts: bits, projections: bits, tables: plain)
    case "bitsandbytes":
      let bits = try settings.flag("load_in_8bit") == true ? 8 : 4 + 32.0 / 64
      return .init(experts: bits, projections: bits, tables: plain)
    case "compressed-tensors":
      let bits = try groupedBits(compressed(settings), zeroPoint: false)
      return .init(experts: bits, projections: bits, tables: plain)
    case "gptq", "awq":
      let bits = try groupedBits(settings, zeroPoint: true)
      return .init(experts: bits, projections: bits, tables: plain)
    case "":
      // MLX: a scale and a bias of 16 bits each for a group, in the tables too.
      let group = try settings.count("group_size", in: ModelFields.Limit.width) ?? 64
      let bits = Double(try settings.needed("bits", in: 1...32)) + 32 / Double(group)
      return .init(experts: bits, projections: bits, tables: bits)
    default:
      throw settings.error(
        "quant_method", expected: "awq, gptq, fp8, mxfp4, bitsandbytes or compressed-tensors",
        found: ModelValue.text(method).excerpt,
        advice: "take quantization_config out of a copy, and state the bits of a weight")
    }
  }

  private func plainBits() throws -> Double {
    let sources = [fields, whole]
    guard let type = sources.lazy.compactMap({ $0.text("dtype") ?? $0.text("torch_dtype") }).first else {
      return 16
    }
    switch type {
    case "float32", "torch.float32": return 32
    case "float8_e4m3fn": return 8
    default: return 16
    }
  }

  /// A scale of 16 bits for each group of weights, and a zero point as wide as a weight; groups of a whole row, 0 or -1,
  /// have none that counts.
  private func groupedBits(_ settings: ModelFields, zeroPoint: Bool) throws -> Double {
    let bits = Double(
      try settings.needed("bits", "w_bit", "num_bits", in: 1...32))
    guard let group = try settings.count("group_size", "q_group_size", in: -1...(1 << 24)), group > 0 else {
      return bits
    }
    return bits + (16 + (zeroPoint ? bits : 0)) / Double(group)
  }

  /// The weights' settings of the first group of layers.
  private func compressed(_ settings: ModelFields) throws -> ModelFields {
    let groups = try settings.inner("config_groups")
    let first = groups?.values.keys.min()
    guard let groups, let first, let weights = try groups.inner(first)?.inner("weights") else {
      throw settings.error(
        "config_groups", expected: "a group with its weights' num_bits", found: "no such field")
    }
    return weights
  }
}
