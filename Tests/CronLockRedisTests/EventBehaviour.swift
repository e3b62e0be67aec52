import CronLockRedis
import CronModel
import CronSchedule
import Testing

/// What every channel of events does.
@Suite(.serialized, .timeLimit(.minutes(1))) struct EventBehaviour {
    @Test(arguments: Backend.allCases) func ownersSeeTheirEventsOnly(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            let (ann, bob) = (watched.watch(Events.ann), watched.watch(Events.bob))
            let job = LiveEvent(owner: Events.ann, jobID: Events.job, .job(.paused), at: Events.at)
            let deleted = LiveEvent(owner: Events.ann, jobID: Events.job, .job(nil), at: Events.at)
            told.publish(EventBatch([Events.run(1), job, Events.run(2, of: Events.bob), deleted]))
            #expect(await ann.next()?.event == nil)
            #expect(await ann.next()?.event == Events.run(1))
            #expect(await ann.next()?.event == job)
            #expect(await ann.next()?.event == deleted)
            #expect(await bob.next()?.event == nil)
            #expect(await bob.next()?.event == Events.run(2, of: Events.bob))
            told.close()
            watched.close()
            #expect(await ann.next() == nil)
        }
    }

    @Test(arguments: Backend.allCases) func aWatchMayBeOfOneJob(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            let other = JobID(high: 8, low: 8)
            let reader = EventReader(watched.watch(EventInterest(owner: Events.ann, job: other), after: nil))
            told.publish(EventBatch([Events.run(1), Events.run(2, job: other), Events.run(3)]))
            told.publish(EventBatch([Events.run(4, job: other)]))
            #expect(await reader.event() == Events.run(2, job: other))
            #expect(await reader.event() == Events.run(4, job: other))
            told.close()
            watched.close()
        }
    }

    @Test(arguments: Backend.allCases) func whatCameMeanwhileIsToldAgain(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            let first = watched.watch(Events.ann)
            told.publish(Events.runs([1]))
            let begin = try #require(await first.next())
            let seen = try #require(await first.next())
            told.publish(Events.runs([2, 3]))
            #expect(await first.next()?.event == Events.run(2))
            let last = try #require(await first.next())
            let again = watched.watch(Events.ann, after: seen.id)
            #expect(await again.next()?.event == Events.run(2))
            #expect(await again.next() == last)
            #expect(await watched.watch(Events.ann, after: begin.id).next() == seen)
            told.publish(Events.runs([4]))
            #expect(await watched.watch(Events.ann, after: last.id).next()?.event == Events.run(4))
            let number = try #require(Int(last.id.dropFirst("b-".count)))
            for id in [
                "", "b", "b-", "c-\(number)", "b-\(number + 9_999)", "b-0\(number)", "b-+\(number)", "b--1",
                "b-18446744073709551615", "b-18446744073709551616", String(repeating: "b", count: 10_000),
            ] {
                let next = await watched.watch(Events.ann, after: id).next()
                #expect(next != nil && next?.event == nil, "\(id.prefix(40))")
            }
            told.close()
            watched.close()
        }
    }

    /// A reader that is slow and one that comes back late are told that they have missed something.
    @Test(arguments: Backend.allCases) func whoIsBehindTheRingGetsAGap(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            let (quick, slow, other) = (
                watched.watch(Events.ann), watched.watch(Events.ann), watched.watch(Events.bob)
            )
            for reader in [quick, slow, other] { #expect(await reader.next()?.event == nil) }
            told.publish(Events.runs([1]))
            let seen = try #require(await quick.next())
            for batch in UInt64(1)...3 {
                let numbers = batch * 1_000..<batch * 1_000 + 400
                told.publish(Events.runs(numbers))
                for number in numbers { #expect(await quick.next()?.event == Events.run(number)) }
            }
            let gap = try #require(await slow.next())
            #expect(gap.event == nil)
            let late = watched.watch(Events.ann, after: seen.id)
            #expect(await late.next() == gap)
            told.publish(EventBatch([Events.run(2), Events.run(2, of: Events.bob)]))
            #expect(await slow.next()?.event == Events.run(2))
            #expect(await late.next()?.event == Events.run(2))
            #expect(await other.next()?.event == Events.run(2, of: Events.bob))
            told.close()
            watched.close()
        }
    }

    @Test(arguments: Backend.allCases) func aFloodIsOneBatchAndAGap(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            let (ann, bob) = (watched.watch(Events.ann), watched.watch(Events.bob))
            #expect(await ann.next()?.event == nil)
            #expect(await bob.next()?.event == nil)
            told.publish(EventBatch((0..<30_000).map { Events.run($0) }))
            for number in UInt64(0)..<500 { #expect(await ann.next()?.event == Events.run(number)) }
            let gap = await ann.next()
            #expect(gap != nil && gap?.event == nil)
            told.publish(EventBatch([Events.run(2), Events.run(1, of: Events.bob)]))
            #expect(await ann.next()?.event == Events.run(2))
            #expect(await bob.next()?.event == Events.run(1, of: Events.bob))
            told.close()
            watched.close()
        }
    }

    @Test(arguments: Backend.allCases) func aClosedChannelSaysNothing(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            watched.close()
            told.publish(Events.runs([1]))
            #expect(await watched.watch(Events.ann).next() == nil)
            told.close()
        }
    }

    @Test(arguments: Backend.allCases) func aWatchThatEndedOrWasNudgedSaysSo(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (told, watched) = try await bench.events()
            let watch = watched.watch(EventInterest(owner: Events.ann), after: nil)
            #expect(await watch.next()?.count == 1)
            watch.nudge()
            #expect(await watch.next() == [])
            watch.end()
            #expect(await watch.next() == nil)
            told.close()
            watched.close()
        }
    }
}
