import Foundation
import TestSupport

/// A table as aiconfigurator publishes it, row by row.
enum PublishedTable {
  static let header =
    "framework,version,device,op_name,kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,"
    + "window_size,beam_width,attn_dtype,kv_cache_dtype,step,latency"

  /// On an H100 the default reads 268 MB from memory, which takes 80.1 µs at least.
  ///
  /// - Parameter latency: milliseconds.
  static func row(
    framework: String = "VLLM", operation: String = "generation_attention", kernel: String = "fa3",
    batch: Int = 64, window: String = "0", beams: String = "1", type: String = "bfloat16",
    step: String = "1023", latency: String = "0.1"
  ) -> String {
    "\(framework),0.24.0,\"NVIDIA H100, 80 GB\",\(operation),\(kernel),\(batch),1,32,8,128,\(window),\(beams),bfloat16,\(type),\(step),\(latency)"
  }

  static func text(_ rows: [String]) -> String { ([header] + rows).joined(separator: "\n") + "\n" }
}

extension TemporaryFolder {
  /// Writes a table where aiconfigurator keeps it.
  ///
  /// - Returns: its path.
  @discardableResult func table(
    _ rows: [String], machine: String = "h100_sxm", under place: String = "attention/vllm/0.24.0",
    name: String = "generation_attention_perf.txt"
  ) throws -> String {
    let folder = "data/\(machine)/\(place)"
    try FileManager.default.createDirectory(
      at: url.appending(path: folder), withIntermediateDirectories: true)
    return try file(Data(PublishedTable.text(rows).utf8), "\(folder)/\(name)")
  }
}
