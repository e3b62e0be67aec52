/// What a request wants to do: an area of the API, and how far it goes there. Written `jobs:write`.
package struct Permission: Hashable, Sendable {
    package enum Area: String, Sendable, CaseIterable {
        /// Jobs, runs, dead letters, schedules, live events.
        case jobs
        /// What jobs use: job types, secrets.
        case settings
        /// Jobs whose action runs a program on the nodes.
        case commands
        /// Who else works in the space.
        case people
        case audit
    }

    /// Each includes those before it.
    package enum Level: String, Sendable, CaseIterable, Comparable {
        case read
        /// Pause, resume, trigger, cancel, redrive: nothing that changes a definition.
        case operate
        case write

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    package var area: Area
    package var level: Level

    package init(_ area: Area, _ level: Level) {
        self.area = area
        self.level = level
    }

    /// Nil for what is not `area:level`.
    package init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let area = Area(rawValue: String(parts[0])),
            let level = Level(rawValue: String(parts[1]))
        else { return nil }
        self.init(area, level)
    }

    package var text: String { "\(area.rawValue):\(level.rawValue)" }

    package static let all = Area.allCases.flatMap { area in Level.allCases.map { Permission(area, $0) } }

    package func includes(_ other: Permission) -> Bool { area == other.area && level >= other.level }
}

/// What an account may do in its space. Each role may do what those before it may.
package enum UserRole: String, Sendable, CaseIterable {
    case viewer
    case `operator`
    case editor
    case admin

    package var permissions: [Permission] {
        switch self {
        case .viewer: [Permission(.jobs, .read), Permission(.settings, .read)]
        case .operator: [Permission(.jobs, .operate), Permission(.settings, .read)]
        case .editor: [Permission(.jobs, .write), Permission(.settings, .write)]
        case .admin: Permission.Area.allCases.map { Permission($0, .write) }
        }
    }

    package func allows(_ permission: Permission) -> Bool { permissions.contains { $0.includes(permission) } }
}
