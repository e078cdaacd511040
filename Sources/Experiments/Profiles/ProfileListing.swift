import Simulator

/// The profiles that are found by themselves.
package struct ProfileListing {
  private let profiles: [ProfileDescription]
  /// Files among them that are none, as errors tell it.
  private let others: [String]

  /// Those of the folders in which profiles are looked for, in the order in which they are taken.
  package init() {
    var (profiles, others): ([ProfileDescription], [String]) = ([], [])
    for path in ProfileLocator.paths() {
      do { profiles.append(ProfileDescription(try LoadedProfile(path: path))) } catch {
        others.append("\(error)")
      }
    }
    (self.profiles, self.others) = (profiles, others)
  }

  package struct JSON: Encodable {
    let folders: [String]
    package let profiles: [ProfileDescription]
    let others: [String]
  }

  package var json: JSON {
    JSON(folders: ProfileLocator.folders.map(\.path), profiles: profiles, others: others)
  }

  package var text: String { document.text() }

  /// The text, to be laid out.
  package var document: Document {
    let folders = ProfileLocator.folders.map(\.path).joined(separator: ", ")
    guard !profiles.isEmpty else {
      return Document([.lines(others + ["no profiles in \(folders)"])])
    }
    let table = TextTable(
      profiles,
      [
        .left("profile") { ProfileLocator.name(of: $0.path) },
        .left("model") { $0.model.name },
        .right("layers", drop: 2) { "\($0.layers.count)" },
        .left("K") { $0.windows.map(String.init).joined(separator: ",") },
        .right("statistics", drop: 3) {
          "\($0.statistics.count) of \(ProfileDescription.Statistic.allCases.count)"
        },
        .right("texts") { "\($0.texts.count)" },
        .right("queries") { NumberText.grouped($0.texts.reduce(0) { $0 + $1.queries }) },
        .left("sha256", drop: 1) { String($0.digest.prefix(12)) },
      ])
    return Document([.table(table), .lines(others + ["looked for in \(folders)"])])
  }
}
