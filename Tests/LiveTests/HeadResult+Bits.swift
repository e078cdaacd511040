import Simulator

extension [HeadResult] {
  /// Every metric's bits, where what is undefined equals itself, and every set's hash.
  var bits: [[UInt64]] {
    map { head in
      Metric.allCases.flatMap { metric in
        head[metric].map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern }
      } + head.choiceHashes
    }
  }
}
