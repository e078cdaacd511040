import Kernels
import Testing

@Suite(.serialized) struct KeepLargestTests {
  /// A column's first largest value and its row's number, as one goes down it; what is known stays unless there is more.
  private func expected(
    _ rows: [[Float]], first: Int, largest: [Float], numbers: [Float]
  ) -> (largest: [Float], numbers: [Float]) {
    var (largest, numbers) = (largest, numbers)
    for (row, values) in rows.enumerated() {
      for (column, value) in values.enumerated() where value > largest[column] {
        (largest[column], numbers[column]) = (value, Float(first + row))
      }
    }
    return (largest, numbers)
  }

  @Test(arguments: InstructionSet.available) func isTheFirstLargestOfEachColumn(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for count in [0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130] {
      for rowCount in [0, 1, 2, 5, 48] {
        var random = SeededRandom(UInt64(100 * count + rowCount))
        // Quarters, so that many are equal.
        let rows = (0..<rowCount).map { _ in random.signed(count: count).map { ($0 * 4).rounded() / 4 } }
        let before = random.signed(count: count).map { $0 / 2 }
        let stride = count + 3
        let values = Fenced(rows.flatMap { $0 + [Float](repeating: 9, count: 3) })
        let (largest, numbers) = (Fenced(before), Fenced((0..<count).map { Float(1_000_000 + $0) }))
        let known = expected(rows, first: 7, largest: before, numbers: numbers.elements)
        kernels.keepLargest(
          values.pointer, stride: stride, rows: rowCount, first: 7,
          largest: UnsafeMutableBufferPointer(start: largest.pointer, count: count), numbers: numbers.pointer)
        #expect(largest.elements == known.largest)
        #expect(numbers.elements == known.numbers)
      }
    }
  }

  /// No number is above what is not one, nor that above a number.
  @Test(arguments: InstructionSet.available) func whatIsNoNumberIsNeverLargest(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for count in [1, 40] {
      let values = [Float](repeating: .nan, count: count) + [Float](repeating: -.infinity, count: count)
      var largest = [Float](repeating: -.infinity, count: count)
      var numbers = [Float](repeating: 3, count: count)
      largest.withUnsafeMutableBufferPointer {
        kernels.keepLargest(values, stride: count, rows: 2, first: 0, largest: $0, numbers: &numbers)
      }
      #expect(largest.allSatisfy { $0 == -.infinity } && numbers.allSatisfy { $0 == 3 })
    }
  }
}
