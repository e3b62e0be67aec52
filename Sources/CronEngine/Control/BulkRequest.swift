import CronModel

/// What every request about many things may say besides which, and what keeps it from hitting more than it should.
package struct BulkRequest: Sendable {
    package static let sampleSize = 10
    /// Of an expectation, which may be beyond what one request may touch.
    package static let countRange = 0...Int(Int32.max)

    /// Tell what would be done, and do nothing.
    let isDry: Bool
    /// How many things the client believes that it is about.
    let expectedCount: Int?

    init(_ reader: inout FieldReader) {
        isDry = reader.bool("dry_run") ?? false
        expectedCount = reader.integer("expected_count", in: Self.countRange)
    }

    var asksCount: Bool { isDry || expectedCount != nil }

    func check(_ count: Int) throws(ControlError) {
        if let expectedCount, expectedCount != count {
            throw .unexpectedCount(count, expected: expectedCount)
        }
    }
}

/// What many things are asked for that only look at what would be done.
package struct DryRun<Sample: Sendable>: Sendable {
    package let count: Int
    /// The first of them.
    package let sample: [Sample]
}

package enum BulkAnswer<Sample: Sendable, Done: Sendable>: Sendable {
    case dry(DryRun<Sample>)
    case done(Done)
}
