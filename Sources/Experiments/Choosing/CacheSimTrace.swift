import Traces

/// What a KV head fetches as a trace of libCacheSim: records of 24 bytes, little-endian, a request each, with the step as its
/// time, the page as its object, a size of 1, and the number of the request that asks for it next, or −1.
///
/// The page that is not whole yet lies where its tokens are made, and is asked for nowhere.
struct CacheSimTrace {
  let head: FetchedTokens
  let page: Int

  init(_ head: FetchedTokens, page: Int) {
    self.head = head
    self.page = page
  }

  /// - Returns: the file's path.
  func write(into folder: String) throws -> String {
    let path = "\(folder)/layer-\(head.layer)-kv-head-\(head.kvHead).oracleGeneral"
    let file = try OutputFile(path: path)
    try file.write(bytes)
    try file.publish()
    return path
  }

  private var requests: [(step: Int, page: Int)] {
    zip(head.steps, head.positions).enumerated().flatMap { step, fetched in
      var pages: [Int] = []
      for token in fetched.0 {
        let page = Int(token) / page
        if page != fetched.1 / self.page, pages.last != page { pages.append(page) }
      }
      return pages.map { (step: step, page: $0) }
    }
  }

  private var bytes: [UInt8] {
    let requests = requests
    var next = [Int64](repeating: -1, count: requests.count)
    var later: [Int: Int] = [:]
    for (number, request) in requests.enumerated().reversed() {
      if let found = later[request.page] { next[number] = Int64(found) }
      later[request.page] = number
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(requests.count * 24)
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for (request, next) in zip(requests, next) {
      append(UInt32(request.step))
      append(UInt64(request.page))
      append(UInt32(1))
      append(next)
    }
    return bytes
  }
}
