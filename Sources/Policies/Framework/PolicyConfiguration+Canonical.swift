import Attention

extension PolicyConfiguration {
  /// The same behaviour under its one label: an amount that comes to what the default comes to is the default, as 8 of 32
  /// chunks are a quarter of them.
  ///
  /// - Parameter whole: what an amount is of, in a model.
  public func canonical(_ whole: (ParameterDescriptor.Whole) -> Int) -> PolicyConfiguration {
    var values = values
    for parameter in descriptor.parameters {
      guard let of = parameter.whole, case .amount(let amount)? = values[parameter],
        case .amount(let usual) = parameter.defaultValue,
        amount.tokens(visible: whole(of)) == usual.tokens(visible: whole(of))
      else { continue }
      values[parameter] = parameter.defaultValue
    }
    return PolicyConfiguration(type, values: values)
  }
}
