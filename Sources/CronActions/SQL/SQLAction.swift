package import CronModel
package import CronSchedule

/// Changes or asks a database: one attempt runs its statements in one transaction, which also records the run in the
/// target's ledger, so that the effect happens exactly once however often the run is tried.
package struct SQLAction: ActionRunner {
    package let type = "sql"
    package let secretFields: Set<String> = []
    package let references: [String: Resource.Kind] = ["connection": .connection]
    package let hasDryRun = true
    package let schema = SQLDefinition.schema

    private let databases: Databases

    package init(databases: Databases) {
        self.databases = databases
    }

    package func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        FieldProblems.found { () throws(FieldProblems) in _ = try SQLDefinition(definition) }
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        let definition: SQLDefinition
        let connection: ConnectionDefinition
        let statements: [BoundStatement]
        do {
            definition = try SQLDefinition(attempt.action)
            guard let fields = attempt.settings[.connection, definition.connection] else {
                return .refused("there is no connection \"\(definition.connection)\"")
            }
            connection = try databases.definition(fields)
            statements = attempt.isVerifying ? [] : try definition.bound(for: attempt)
        } catch let error as FieldProblems {
            return .refused(error.all)
        } catch {
            return .failedTemplate(error)
        }
        let work = SQLWork(
            purpose: attempt.isVerifying ? .verify : attempt.isDryRun ? .dryRun : .apply,
            token: ClaimToken(runID: attempt.runID, fence: attempt.fence), statements: statements,
            usesTransaction: definition.usesTransaction, keepsLedger: definition.keepsLedger,
            maxRows: definition.maxRows)
        if attempt.isDryRun, !definition.usesTransaction {
            return .refused("without a transaction nothing can be taken back, so there is no dry run")
        }
        let limits = SQLLimits(
            total: attempt.timeout, statement: min(definition.statementTimeout ?? attempt.timeout, attempt.timeout),
            lock: min(definition.lockTimeout, attempt.timeout))
        switch await databases.run(
            work, on: connection, named: definition.connection, of: attempt.userID, limits: limits)
        {
        case nil: return .cancelled(.nothingSent)
        case .success(let end)?: return Outcome(end, of: work)
        case .failure(let failure)?: return Outcome(failure, hiding: attempt.hiding)
        }
    }
}
