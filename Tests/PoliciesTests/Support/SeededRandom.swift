import TestSupport

typealias SeededRandom = TestSupport.SeededRandom

extension SeededRandom {
  /// Any of the integers -8...8: scores of such queries and keys are exact in any order of summation.
  mutating func small() -> Int { below(17) - 8 }

  mutating func small(count: Int) -> [Int] { (0..<count).map { _ in small() } }
}
