import Foundation
import Simulator
import Traces

/// About how long configurations of a trace take to replay here, and how much memory, before anything is read of it.
package struct ReplayEstimate {
  package let seconds: Double
  package let memoryBytes: Int

  init(_ job: ReplayJob, places: [Int]) {
    seconds = Double(places.count) * Double(job.weight) * 1e-9
    memoryBytes = 1 << 28
  }

  /// `1.1 GiB`
  static func memoryText(_ bytes: Int) -> String {
    let mebibytes = Double(bytes) / 1_048_576
    return mebibytes < 1000
      ? "\(Int(mebibytes.rounded())) MiB" : "\(NumberText.decimal(mebibytes / 1024, places: 1)) GiB"
  }
}
