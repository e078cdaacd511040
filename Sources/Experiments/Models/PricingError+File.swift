import Pricing
import Traces

extension PricingError {
  /// What kept a model's file from being read.
  init(_ error: TraceError) {
    self.init(error.place, expected: error.expected, found: error.found, advice: error.advice)
  }
}
