import Foundation
import Testing

@testable import Experiments

/// What types that encode themselves in their own way come to.
@Suite struct OrderedEncodingTests {
  private struct Numbers: Encodable {
    let i8: Int8?
    let i16: Int16?
    let i32: Int32?
    let i64: Int64?
    let u: UInt?
    let u8: UInt8?
    let u16: UInt16?
    let u32: UInt32?
    let u64: UInt64?
    let half: Float?
    let isKnown: Bool?
  }

  @Test func everyKindOfNumberIsANumber() throws {
    let numbers = Numbers(
      i8: -8, i16: -16, i32: -32, i64: .min, u: 1, u8: 255, u16: 65_535, u32: 4_294_967_295, u64: .max,
      half: 0.5,
      isKnown: false)
    // What no integer of SQLite holds is as large as one may be.
    #expect(
      try OrderedJSON(numbers).line
        == #"{"i8":-8,"i16":-16,"i32":-32,"i64":-9223372036854775808,"u":1,"u8":255,"u16":65535,"u32":4294967295,"u64":9223372036854775807,"half":0.5,"is_known":false}"#
    )
  }

  @Test func whatIsNotKnownIsNull() throws {
    let unknown = Numbers(
      i8: nil, i16: nil, i32: nil, i64: nil, u: nil, u8: nil, u16: nil, u32: nil, u64: nil, half: .infinity,
      isKnown: nil)
    #expect(
      try OrderedJSON(unknown).line
        == #"{"i8":null,"i16":null,"i32":null,"i64":null,"u":null,"u8":null,"u16":null,"u32":null,"u64":null,"half":null,"is_known":null}"#
    )
    #expect(try OrderedJSON([Double.nan, 1]).line == "[null,1.0]")
    #expect(try OrderedJSON(Int?.none).line == "null")
  }

  /// Containers within containers, filled after others were begun.
  private struct Nested: Encodable {
    enum Key: String, CodingKey { case firstPart, listOfParts, later, isLast }

    func encode(to encoder: any Encoder) throws {
      var outer = encoder.container(keyedBy: Key.self)
      var first = outer.nestedContainer(keyedBy: Key.self, forKey: .firstPart)
      var list = outer.nestedUnkeyedContainer(forKey: .listOfParts)
      try outer.encode(true, forKey: .isLast)
      try first.encode("a", forKey: .later)
      try list.encode(1)
      try list.encodeNil()
      var inList = list.nestedContainer(keyedBy: Key.self)
      try inList.encodeNil(forKey: .later)
      var lists = list.nestedUnkeyedContainer()
      try lists.encode(contentsOf: [2, 3])
      #expect(list.count == 4)
    }
  }

  @Test func nestedContainersKeepTheirPlaces() throws {
    #expect(
      try OrderedJSON(Nested()).line
        == #"{"first_part":{"later":"a"},"list_of_parts":[1,null,{"later":null},[2,3]],"is_last":true}"#)
  }

  private class Base: Encodable {
    private let ownName = "base"
  }

  private final class Derived: Base {
    private enum Key: String, CodingKey { case fullName, baseOf }

    override func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode("derived", forKey: .fullName)
      try super.encode(to: container.superEncoder())
      try super.encode(to: container.superEncoder(forKey: .baseOf))
    }
  }

  @Test func whatAClassInheritsIsAnObjectOfItsOwn() throws {
    #expect(
      try OrderedJSON(Derived()).line
        == #"{"full_name":"derived","super":{"own_name":"base"},"base_of":{"own_name":"base"}}"#)
  }

  private static let row = OrderedRow([
    ("kernels", .text("vllm")), ("rows", .integer(12)), ("share", .real(0.25)), ("isRight", .boolean(true)),
    ("side_right", .null), ("labels", .object([.init(name: "kind", value: .text("dense"))])),
    ("sizes", .array([.integer(1), .null])),
  ])

  @Test func aRowHasTheMembersThatItWasMadeOf() throws {
    #expect(
      try OrderedJSON(Self.row).line
        == #"{"kernels":"vllm","rows":12,"share":0.25,"is_right":true,"side_right":null,"labels":{"kind":"dense"},"sizes":[1,null]}"#
    )
    #expect(
      try RecordLines.csv([Self.row])
        == "\"kernels\",\"rows\",\"share\",\"is_right\",\"side_right\",\"labels\",\"sizes\"\n\"vllm\",12,0.25,true,,\"{\"\"kind\"\":\"\"dense\"\"}\",\"[1,null]\"\n"
    )
  }

  /// By another encoder a value is the same JSON.
  @Test func anyEncoderReadsThem() throws {
    let data = try JSONEncoder().encode(Self.row)
    let read = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(
      read["kernels"] as? String == "vllm" && read["rows"] as? Int == 12 && read["share"] as? Double == 0.25)
    #expect(read["isRight"] as? Bool == true && read["side_right"] is NSNull)
    #expect(read["labels"] as? [String: String] == ["kind": "dense"])
    #expect((read["sizes"] as? [Any])?.count == 2)
  }
}
