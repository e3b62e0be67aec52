/// Secrets are taken out of texts before these are cut: of one that a cut goes through, a few bytes would be left that nobody
/// finds.
package enum HiddenText {
    /// Bytes of a text that are read beyond what is shown of it, so that the secret at the cut is whole. Of a longer one its
    /// parts are found, and what is left of the last, in whatever form, is shorter than this.
    package static let marginBytes = 512

    /// How much may be shown at the end where a text without its secrets was cut.
    package static func shownBytes(of text: String, most: Int) -> Int { min(most, text.utf8.count - marginBytes) }
}
