import CronSchedule
import Foundation
import Testing

/// Many short stories, each told by its seed. `CRONPP_SIMULATION_SEEDS` asks for more of them, as a number or as a range:
/// `4711...4711` tells one again.
@Suite struct SimulationTests {
    private static let seeds =
        SeedRange(ProcessInfo.processInfo.environment["CRONPP_SIMULATION_SEEDS"]) ?? SeedRange(1...200)

    @Test func nothingIsLostDoubledOrEarly() {
        var sent = 0
        for seed in Self.seeds.range {
            let simulation = Simulation(seed: seed, isTold: Self.seeds.range.count == 1)
            let violations = simulation.run(nodes: 3, storm: .seconds(8))
            sent += simulation.checker.sentCount
            let story = simulation.story?.joined(separator: "\n") ?? ""
            if let first = violations.first { Issue.record("seed \(seed): \(first)\n\(story)") }
        }
        #expect(sent > Self.seeds.range.count, "there was something to look at")
    }

    @Test func aSeedTellsTheSameStoryAgain() {
        let stories = (1...2).map { _ in
            let simulation = Simulation(seed: 4_711, isTold: true)
            _ = simulation.run(nodes: 3, storm: .seconds(8))
            return simulation.story
        }
        #expect(stories[0] == stories[1])
        #expect(stories[0]?.isEmpty == false)
    }

    @Test(arguments: Plant.allCases)
    func aPlantedDefectIsFound(plant: Plant) {
        let found = (1...10 as ClosedRange<UInt64>).contains { seed in
            !Simulation(seed: seed, plant: plant).run(nodes: 3, storm: .seconds(10), calm: .seconds(15)).isEmpty
        }
        #expect(found)
    }
}

struct SeedRange {
    let range: ClosedRange<UInt64>

    init(_ range: ClosedRange<UInt64>) { self.range = range }

    init?(_ text: String?) {
        guard let text else { return nil }
        let ends = text.split(separator: ".").compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last, first > 0, first <= last else { return nil }
        range = ends.count == 1 ? 1...last : first...last
    }
}
