/// All policies. Help, parsing, validation and documentation derive from this list.
public enum PolicyRegistry {
  public static let policies: [any Policy.Type] = [
    Dense.self, Oracle.self, OracleMass.self, Random.self,
    StreamingLLM.self,
    FASA.self,
  ]

  public static var names: [String] { policies.map { $0.descriptor.name } }

  public static func policy(named name: String) -> (any Policy.Type)? {
    policies.first { $0.descriptor.name == name }
  }
}
