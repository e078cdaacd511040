import Attention
import Foundation
import Traces

/// What KV heads fetch as workloads of FlashInfer-Trace: for each KV head one batch, whose requests are the steps.
///
/// The definition is that of paged decode attention over pages of one token for one KV head and its query heads. Keys,
/// values and queries are left to whoever runs it: a workload is which rows are read.
struct FlashInferWorkloads {
  let metadata: TraceMetadata
  let heads: [FetchedTokens]

  init(_ metadata: TraceMetadata, _ heads: [FetchedTokens]) {
    self.metadata = metadata
    self.heads = heads
  }

  private static let kind = "gqa_paged"

  /// - Returns: the paths of all files.
  func write(into folder: String) throws -> [String] {
    var files: [String] = []
    var lines: [String: [String]] = [:]
    for head in heads {
      let name = "gqa_paged_decode_h\(head.queryHeads)_kv1_d\(metadata.geometry.headDim)_ps1"
      if lines[name] == nil {
        files.append(
          try write(
            FlashInferDefinition(name: name, queryHeads: head.queryHeads, headDim: metadata.geometry.headDim)
              .json,
            folder, "definitions/\(Self.kind)", "\(name).json"))
      }
      let id = "layer-\(head.layer)-kv-head-\(head.kvHead)"
      let blob = "blob/workloads/\(Self.kind)/\(name)"
      files.append(try write(tensors(head), folder, blob, "\(name)_\(id).safetensors"))
      lines[name, default: []].append(
        line(head, name: name, id: id, blob: "\(blob)/\(name)_\(id).safetensors"))
    }
    for (name, lines) in lines.sorted(by: { $0.key < $1.key }) {
      files.append(
        try write(
          Data((lines.joined(separator: "\n") + "\n").utf8), folder, "workloads/\(Self.kind)", "\(name).jsonl"
        ))
    }
    return files
  }

  private func write(_ data: Data, _ folder: String, _ under: String, _ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(under)", withIntermediateDirectories: true)
    let path = "\(folder)/\(under)/\(name)"
    let file = try OutputFile(path: path)
    try file.write(data)
    try file.publish()
    return path
  }

  private func line(_ head: FetchedTokens, name: String, id: String, blob: String) -> String {
    let count = head.steps.reduce(0) { $0 + $1.count }
    let pages = (head.positions.max() ?? 0) + 1
    func tensor(_ key: String) -> String {
      "{\"type\":\"safetensors\",\"path\":\"\(blob)\",\"tensor_key\":\"\(key)\"}"
    }
    let random = "{\"type\":\"random\"}"
    return
      "{\"definition\":\"\(name)\",\"workload\":{\"uuid\":\"\(id)\",\"axes\":{\"batch_size\":\(head.steps.count),\"num_pages\":\(pages),\"len_indptr\":\(head.steps.count + 1),\"num_kv_indices\":\(count)},\"inputs\":{\"q\":\(random),\"k_cache\":\(random),\"v_cache\":\(random),\"kv_indptr\":\(tensor("kv_indptr")),\"kv_indices\":\(tensor("kv_indices")),\"sm_scale\":{\"type\":\"scalar\",\"value\":\(metadata.attention.scale)}}},\"solution\":null,\"evaluation\":null}"
  }

  /// `kv_indptr` and `kv_indices` as a safetensors file.
  private func tensors(_ head: FetchedTokens) -> Data {
    var starts: [Int32] = [0]
    for step in head.steps { starts.append((starts.last ?? 0) + Int32(step.count)) }
    let indices = head.steps.flatMap(\.self)
    let split = starts.count * 4
    let header =
      "{\"kv_indptr\":{\"dtype\":\"I32\",\"shape\":[\(starts.count)],\"data_offsets\":[0,\(split)]},\"kv_indices\":{\"dtype\":\"I32\",\"shape\":[\(indices.count)],\"data_offsets\":[\(split),\(split + indices.count * 4)]}}"
    // The header's length is a multiple of eight, filled up with blanks.
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var data = Data()
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
    append(UInt64(padded.utf8.count))
    data.append(contentsOf: padded.utf8)
    for value in starts + indices { append(value) }
    return data
  }
}

/// Paged decode attention of one KV head over pages of one token.
struct FlashInferDefinition {
  let name: String
  let queryHeads: Int
  let headDim: Int

  private static let reference = """
    import torch

    def run(q, k_cache, v_cache, kv_indptr, kv_indices, sm_scale):
        output = torch.zeros_like(q)
        lse = torch.full(q.shape[:2], float("-inf"), dtype=torch.float32, device=q.device)
        for request in range(q.shape[0]):
            rows = kv_indices[kv_indptr[request]:kv_indptr[request + 1]].long()
            keys, values = k_cache[rows, 0, 0].float(), v_cache[rows, 0, 0].float()
            logits = q[request].float() @ keys.T * sm_scale
            output[request] = (torch.softmax(logits, -1) @ values).to(q.dtype)
            lse[request] = torch.logsumexp(logits, -1) / 0.6931471805599453
        return output, lse

    """

  var json: Data {
    get throws {
      func tensor(_ shape: [String], _ type: String = "bfloat16") -> [String: Any] {
        ["shape": shape, "dtype": type]
      }
      let cache = tensor(["num_pages", "page_size", "num_kv_heads", "head_dim"])
      func axis(_ value: Int) -> [String: Any] { ["type": "const", "value": value] }
      let free: [String: Any] = ["type": "var"]
      let definition: [String: Any] = [
        "name": name, "op_type": "gqa_paged",
        "description": "Decode attention over the tokens that a policy chose, one KV head.",
        "axes": [
          "batch_size": free, "num_pages": free, "len_indptr": free, "num_kv_indices": free,
          "num_qo_heads": axis(queryHeads), "num_kv_heads": axis(1), "head_dim": axis(headDim),
          "page_size": axis(1),
        ],
        "constraints": ["len_indptr == batch_size + 1"],
        "inputs": [
          "q": tensor(["batch_size", "num_qo_heads", "head_dim"]), "k_cache": cache, "v_cache": cache,
          "kv_indptr": tensor(["len_indptr"], "int32"), "kv_indices": tensor(["num_kv_indices"], "int32"),
          "sm_scale": ["shape": NSNull(), "dtype": "float32"] as [String: Any],
        ],
        "outputs": [
          "output": tensor(["batch_size", "num_qo_heads", "head_dim"]),
          "lse": tensor(["batch_size", "num_qo_heads"], "float32"),
        ],
        "reference": Self.reference,
      ]
      return try JSONSerialization.data(withJSONObject: definition, options: [.sortedKeys, .prettyPrinted])
    }
  }
}
