import Policies
import Simulator

/// A member of a sweep file's `policies`: a name, a text as on the command line, or a name with a grid of parameters.
struct SweepFilePolicy {
  let field: YAMLField

  func add(to policies: inout PolicyChoice) throws {
    if field.node.scalar != nil {
      let text = try field.text("a policy")
      return try checked(field) { () throws(PolicyError) in try policies.add(parsing: [text]) }
    }
    let entries = try field.fields("a policy")
    guard let (key, parameters) = entries.first, entries.count == 1 else {
      throw field.error(
        expected: "one policy per entry", found: "\(entries.count) names",
        advice: "begin each with a dash, its parameters in braces or indented below it")
    }
    policies.add(try grid(of: key, parameters))
  }

  private func grid(of key: YAMLField, _ parameters: YAMLField) throws -> [PolicyConfiguration] {
    let name = try key.text("a policy's name")
    let known = try checked(key) { () throws(PolicyError) in
      try PolicyGrammar.configurations(of: name, settings: [])
    }
    let fields =
      parameters.node.scalar?.string == "" ? [] : try parameters.fields("parameters with their values")
    let settings = try fields.map { inner, value in
      let parameter = try inner.text("a parameter")
      let isKnown = known.first?.descriptor.parameters.contains { $0.name == parameter } == true
      let choices = try value.members("a value or a list of values").map { member in
        let text = try member.text("a value")
        // Each value on its own first, so that what is wrong is named with its line.
        _ = try checked(isKnown ? member : inner) { () throws(PolicyError) in
          try PolicyGrammar.configurations(of: name, settings: [(parameter, [text])])
        }
        return text
      }
      return (name: parameter, values: choices)
    }
    return try checked(key) { () throws(PolicyError) in
      try PolicyGrammar.configurations(of: name, settings: settings)
    }
  }

  /// A policy's error with the line.
  private func checked<Value>(_ place: YAMLField, _ read: () throws(PolicyError) -> Value) throws -> Value {
    do { return try read() } catch { throw ReplayError(error, in: place.place) }
  }
}
