import Attention

extension PolicyConfiguration {
  /// The same behaviour under its one label: an amount that comes to what the default comes to is the default, as 8 of 32
  /// chunks are a quarter of them.
  ///
  /// - Parameter whole: what an amount is of, in a model.
  public func canonical(_ whole: (ParameterDescriptor.Whole) -> Int) -> PolicyConfiguration {
    var values = values
    for parameter in descriptor.parameters {
      values[parameter] = values[parameter].map { parameter.canonical($0, whole) }
    }
    return PolicyConfiguration(type, values: values)
  }
}

extension ParameterDescriptor {
  /// The default for a value that comes to the same.
  package func canonical(_ value: ParameterValue, _ size: (Whole) -> Int) -> ParameterValue {
    guard let whole, case .amount(let amount) = value, case .amount(let usual) = defaultValue,
      amount.tokens(visible: size(whole)) == usual.tokens(visible: size(whole))
    else { return value }
    return defaultValue
  }
}
