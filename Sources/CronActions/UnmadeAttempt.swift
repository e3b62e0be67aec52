import CronModel

extension [FieldProblem] {
    /// On one line.
    fileprivate var text: String { map { "\($0.field): \($0.message)" }.joined(separator: "; ") }
}

extension SettingTest {
    /// The fields are not right, or not any more.
    init(_ problems: [FieldProblem]) {
        self.init(isUsable: false, message: BoundedText.message(problems.text))
    }
}

/// Outcomes of attempts that any action may be unable to make.
extension Outcome {
    /// The definition is not right, or not any more: what the operator allows may have changed since it was saved.
    static func refused(_ problems: [FieldProblem]) -> Outcome {
        refused(problems.text)
    }

    static func refused(_ reason: String) -> Outcome {
        Outcome(kind: .permanent, verdict: .permanent, reach: .nothingSent, error: BoundedText.message(reason))
    }

    static func failedTemplate(_ error: any Error) -> Outcome {
        refused("template error: \((error as? TemplateValues.Missing)?.message ?? "\(error)")")
    }

    static func cancelled(_ reach: Reach) -> Outcome {
        Outcome(kind: .cancelled, verdict: .transient, reach: reach, error: "cancelled")
    }
}
