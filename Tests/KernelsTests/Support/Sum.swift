/// A sum of products three ways: in the documented order in 32 bits, in 64 bits, and of magnitudes.
struct Sum {
  private(set) var ordered: Float = 0
  private(set) var exact = 0.0
  private(set) var magnitude = 0.0
  private(set) var terms = 0

  /// One chain of fused multiply-adds.
  static func chain(_ products: some Sequence<(Float, Float)>) -> Sum {
    var sum = Sum()
    for (a, b) in products { sum.add(a, b) }
    return sum
  }

  /// A chain per tile of 256 tokens, the tiles' sums added in ascending order.
  ///
  /// - Parameter term: the product of a token.
  static func tiled(_ tokens: some Sequence<Int>, _ term: (Int) -> (Float, Float)) -> Sum {
    var total = Sum()
    var part = Sum()
    var tile = 0
    for token in tokens {
      if token / 256 != tile {
        total.add(part)
        part = Sum()
        tile = token / 256
      }
      let (a, b) = term(token)
      part.add(a, b)
    }
    total.add(part)
    return total
  }

  private mutating func add(_ a: Float, _ b: Float) {
    ordered = ordered.addingProduct(a, b)
    exact += Double(a) * Double(b)
    magnitude += (Double(a) * Double(b)).magnitude
    terms += 1
  }

  private mutating func add(_ part: Sum) {
    ordered += part.ordered
    exact += part.exact
    magnitude += part.magnitude
    terms += part.terms + 1
  }

  /// The worst rounding error of a 32-bit sum of these products in any order (Higham 2002, section 3.1),
  /// each product rounded once more where it is not fused.
  var anyOrderTolerance: Double {
    let unit = Double(terms + 1) * 0x1p-24
    return unit / (1 - unit) * magnitude
  }

  func isWithinTolerance(_ value: Float) -> Bool { (Double(value) - exact).magnitude <= anyOrderTolerance }
}
