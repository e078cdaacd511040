import Kernels

extension GroupTables {
  /// ‖v‖ of each token that is there, made on first use; nil where the group has no values.
  var valueNorms: FloatBuffer? {
    values.map { values in
      grown("value norms", room: room(1)) { out, tokens in
        for token in tokens { out[token] = values.norm(token) }
      }
    }
  }
}
