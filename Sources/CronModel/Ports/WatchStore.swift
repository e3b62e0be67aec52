package import CronSchedule

/// Jobs that have alerts, and what is to be told of them.
package protocol WatchStore: Sendable {
    /// T8: judges what has happened to jobs with alerts and what should have; answers what is to be told now. Each notice is
    /// its receiver's for `Notice.lease`. While another node is at it, nothing is answered.
    func watch() async throws(StoreError) -> WatchAnswer
    /// What came of notices. One that another was given since then is only ended by a success.
    func settle(_ results: [NoticeResult]) async throws(StoreError)
    /// Nil for a foreign job, and for one of which there is nothing to know.
    func watch(of job: JobID, owner: UserID) async throws(StoreError) -> Watch?
}

package struct WatchAnswer: Sendable {
    /// What one transaction judges.
    package static let signalLimit = 1_000
    package static let watchLimit = 200
    /// What one node is given to tell at once: it must have ended before `Notice.lease` has.
    package static let noticeLimit = 20
    /// Live runs of a job that are judged, the oldest.
    package static let runLimit = 100

    package var notices: [Notice] = []
    /// There may be more to judge.
    package var isCut = false

    package init() {}

    package var room: Int { Self.noticeLimit - notices.count }
}

