package import CronModel
import CronSchedule
import HashTreeCollections

/// T8.
extension MemoryVerb {
    package static func watch() -> MemoryVerb where Answer == WatchAnswer {
        MemoryVerb("watch") { transaction in
            guard transaction.tryLock(.watches) else { return WatchAnswer() }
            let now = transaction.now
            let signals = transaction.tables.signals.sorted { $0.key < $1.key }.prefix(WatchAnswer.signalLimit)
            let due = transaction.tables.watches.values.filter { $0.checkAt.map { $0 <= now } ?? false }
                .map { Timed($0.checkAt ?? now, $0.jobID) }.sorted().prefix(WatchAnswer.watchLimit)
            transaction.removeSignals(signals.map(\.key))
            var answer = WatchAnswer()
            for id in Set(signals.map(\.value.jobID) + due.map(\.id)).sorted() {
                answer.notices += try transaction.judge(id, signals.map(\.value), room: answer.room, now: now)
            }
            answer.isCut = signals.count == WatchAnswer.signalLimit || due.count == WatchAnswer.watchLimit
            return answer
        }
    }

    package static func settle(_ results: [NoticeResult]) -> MemoryVerb where Answer == Void {
        MemoryVerb("settle") { transaction in
            try transaction.lock([.watches])
            for result in results {
                guard var watch = transaction.tables.watches[result.notice.jobID] else { continue }
                watch.settle(result, now: transaction.now)
                transaction.put(watch)
            }
        }
    }
}

extension MemoryTransaction {
    fileprivate func judge(_ id: JobID, _ signals: [WatchSignal], room: Int, now: Instant) throws -> [Notice] {
        let job = try job(id)
        var watch = tables.watches[id] ?? Watch(of: job, now: now)
        let told = Set(signals.filter { $0.jobID == id }.compactMap(\.runID))
        let live = liveRuns(of: id).sorted { ($0.scheduledFor, $0.id) < ($1.scheduledFor, $1.id) }
        withRandom { random in
            WatchRule.judge(
                &watch, job: job, runs: told.compactMap { tables.runs[$0] },
                live: Array(live.prefix(WatchAnswer.runLimit)), now: now, random: &random)
        }
        let notices = watch.take(now: now, atMost: room)
        put(watch)
        return notices
    }

    var watchAt: Instant? {
        tables.signals.isEmpty ? tables.watches.values.compactMap(\.checkAt).min() : roughNow
    }
}
