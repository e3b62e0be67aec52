import CronModel
import CronSchedule
import Testing

@testable import CronEngine

@Suite struct AgeLineTests {
    @Test(arguments: 0..<20) func itIsALineInOrderOfAge(_ seed: UInt64) {
        var random = RandomSource(seed: seed)
        var line = AgeLine()
        var known: [AgeLine.Entry] = []
        for number in 0..<2_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let slot = Instant(seconds: Int64.random(in: 0..<50, using: &random))
                let token = ClaimToken(runID: RunID(high: 1, low: UInt64(number)), fence: 1)
                let entry = AgeLine.Entry(since: slot, number: number, token: token)
                line.add(entry)
                known.append(entry)
                known.sort()
            case 6..<9:
                let (popped, first) = (line.pop(), known.first)
                #expect(popped == first)
                known = Array(known.dropFirst())
            default:
                guard let gone = known.randomElement(using: &random) else { continue }
                line.remove(gone.token, since: gone.since)
                line.remove(gone.token, since: gone.since)
                known.removeAll { $0 == gone }
            }
            #expect(line.count == known.count && line.oldest == known.first && line.youngest == known.last)
        }
        var rest: [AgeLine.Entry] = []
        while let entry = line.pop() { rest.append(entry) }
        #expect(rest == known && line.isEmpty)
    }

    /// What leaves a host that has no room leaves nothing behind.
    @Test func lanesForgetWhatHasLeft() {
        var lanes = Lanes()
        let space = UserID(high: 1, low: 1)
        for round in 0..<3 {
            let tokens = (0..<100).map { ClaimToken(runID: RunID(high: 2, low: UInt64($0)), fence: Int64(round)) }
            for token in tokens { lanes.add(token, of: space, for: "slow", since: Instant(seconds: 1)) }
            #expect(lanes.next({ _ in .go }, hasRoom: { _ in false }).token == nil)
            for token in tokens { lanes.remove(token, of: space, for: "slow", since: Instant(seconds: 1)) }
            #expect(lanes.youngest(of: space, for: "slow") == nil && lanes.isEmpty)
        }
        let last = ClaimToken(runID: RunID(high: 2, low: 1), fence: 9)
        lanes.add(last, of: space, for: "slow", since: Instant(seconds: 1))
        lanes.open("slow")
        #expect(lanes.next({ _ in .go }).token == last)
        #expect(lanes.next({ _ in .go }).token == nil && lanes.isEmpty)
    }
}
