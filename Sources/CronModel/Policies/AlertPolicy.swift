package import CronSchedule

/// What people are told of a job without asking, and by which channels of its space.
package struct AlertPolicy: Hashable, Sendable {
    package static let channelCounts = 1...10
    package static let channelBytes = 1...100
    package static let spans = Span.seconds(1)...Span.days(366)

    package var channels: [String]
    /// What is told as soon as it happens.
    package var on: Set<AlertRule> = []
    /// A run is to start within so long after its time.
    package var startWithin: Span?
    /// A run is to end within so long after its slot.
    package var finishBy: Span?
    /// The longest without a success, while the job is active.
    package var maxSilence: Span?
    /// Whether the end of what was told is told too.
    package var recovery = true

    package init(channels: [String]) {
        self.channels = channels
    }

    package func has(_ rule: AlertRule) -> Bool {
        switch rule {
        case .dead, .firstFailure, .disabled: on.contains(rule)
        case .startWithin: startWithin != nil
        case .finishBy: finishBy != nil
        case .maxSilence: maxSilence != nil
        }
    }
}

/// What may be wrong with a job. Each is told once while it lasts.
package enum AlertRule: String, Sendable, CaseIterable, Comparable {
    /// A run ended DEAD. Over when one succeeds.
    case dead
    /// An attempt failed, whether or not it is tried again. Over when a run succeeds.
    case firstFailure = "first_failure"
    /// The job was disabled without a person's doing. Over when it is active again.
    case disabled
    /// A run did not start in time. Over when one has.
    case startWithin = "start_within"
    /// A run did not end in time. Over when one has succeeded in time.
    case finishBy = "finish_by"
    /// Nothing succeeded for too long. Over when a run succeeds.
    case maxSilence = "max_silence"

    /// Those that are named in `on`; the others are given by their lengths of time.
    package static let events: [AlertRule] = [.dead, .firstFailure, .disabled]

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

// MARK: - As JSON

extension AlertPolicy {
    /// Reads the member `alerts` of a definition; what is wrong is told to the reader.
    package init?(_ reader: inout FieldReader) {
        guard let value = reader.value("alerts") else { return nil }
        guard let members = value.objectValue else {
            reader.refuse("alerts", "must be an object, not \(value.kindName)")
            return nil
        }
        var inner = reader.inside("alerts", members)
        self.init(channels: Self.channels(&inner))
        on = Self.events(&inner)
        startWithin = inner.span("start_within", in: Self.spans)
        finishBy = inner.span("finish_by", in: Self.spans)
        maxSilence = inner.span("max_silence", in: Self.spans)
        recovery = inner.bool("recovery") ?? recovery
        inner.refuseUnknown()
        if inner.problems.isEmpty, !AlertRule.allCases.contains(where: has) {
            inner.refuse("on", "names no event, and there is no start_within, finish_by or max_silence: nothing is told")
        }
        for problem in inner.problems { reader.adopt(problem) }
    }

    private static func channels(_ reader: inout FieldReader) -> [String] {
        guard let value = reader.value("channels") else {
            reader.refuse("channels", "is required")
            return []
        }
        let names = value.arrayValue?.compactMap(\.stringValue) ?? []
        guard names.count == value.arrayValue?.count, channelCounts.contains(names.count) else {
            reader.refuse(
                "channels", "must be a list of \(channelCounts.lowerBound) to \(channelCounts.upperBound) names")
            return []
        }
        for (index, name) in names.enumerated() where !channelBytes.contains(name.utf8.count) {
            reader.refuse(
                "channels[\(index)]", "must have \(channelBytes.lowerBound) to \(channelBytes.upperBound) bytes")
        }
        if Set(names).count < names.count { reader.refuse("channels", "holds a name twice") }
        return names
    }

    private static func events(_ reader: inout FieldReader) -> Set<AlertRule> {
        guard let value = reader.value("on") else { return [] }
        let known = AlertRule.events.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        guard let items = value.arrayValue else {
            reader.refuse("on", "must be a list of \(known), not \(value.kindName)")
            return []
        }
        var events: Set<AlertRule> = []
        for (index, item) in items.enumerated() {
            guard let rule = item.stringValue.flatMap(AlertRule.init), AlertRule.events.contains(rule) else {
                reader.refuse("on[\(index)]", "must be one of \(known)")
                continue
            }
            if !events.insert(rule).inserted { reader.refuse("on[\(index)]", "is there twice") }
        }
        return events
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "channels": .array(channels.map { .string($0) }),
            "on": .array(AlertRule.events.filter(on.contains).map { .string($0.rawValue) }),
            "recovery": .bool(recovery),
        ]
        members["start_within"] = startWithin.map { .string($0.description) }
        members["finish_by"] = finishBy.map { .string($0.description) }
        members["max_silence"] = maxSilence.map { .string($0.description) }
        return .object(members)
    }
}
