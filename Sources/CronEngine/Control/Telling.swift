import CronModel

/// What people who watch are told of what other people do.
extension JobControl {
    func tell(_ jobs: [JobView], isDeleted: Bool = false, triggered: Run? = nil) {
        let now = store.clock.now
        let changed = jobs.map { view in
            LiveEvent(
                owner: view.job.userID, jobID: view.job.id, .job(isDeleted ? nil : view.job.state), at: now)
        }
        signal.tell(changed + (triggered.map { [LiveEvent($0, at: now)] } ?? []))
    }
}

extension RunControl {
    func tell(_ run: Run) {
        let now = store.clock.now
        var events = [LiveEvent(run, at: now)]
        if let old = run.redriveOf, run.status == .pending {
            // Redriven as another run: this one has ended.
            events.append(LiveEvent(owner: run.userID, jobID: run.jobID, .run(old, .cancelled), at: now))
        }
        signal.tell(events)
    }
}
