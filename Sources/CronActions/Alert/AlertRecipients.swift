import CronModel

/// Whom an alert is for: a list in the action, or a name that stands for one in the payload.
enum AlertRecipients: Sendable {
    /// Texts in it are templates.
    case list([JSONValue])
    case named(Template)

    /// One of them.
    struct One: Hashable, Sendable {
        let address: String
        /// What `{{recipient.…}}` is taken from: an object with `to`.
        let values: JSONValue

        /// Reads `"ann@example.com"` or `{"to": "ann@example.com", …}`.
        init?(_ value: JSONValue) {
            if let text = value.stringValue {
                address = text
                values = .object(["to": value])
            } else if let text = value["to"]?.stringValue {
                address = text
                values = value
            } else {
                return nil
            }
        }

        init(address: String) {
            self.address = address
            values = .object(["to": .string(address)])
        }
    }

    /// Of the text, and of each one's `to`, as they are defined.
    private static let bytes = 1...AlertDefinition.maxLineBytes
    static let shape = "must be texts, or objects with \"to\""
    private static let count = "must have \(bytes.lowerBound) to \(bytes.upperBound) bytes"
    static let about =
        "For mail and SMS, one message each; absent: the channel's own. Texts or objects with `to`, whose members are "
        + "`{{recipient.…}}`; or a text such as `{{payload.customers}}` that names such a list. "
        + "At most \(AlertDefinition.maxRecipients), and \(AlertDefinition.maxRecipientBytes) bytes of JSON. "
        + "A retry writes only to those of whom nothing is decided yet."
    static let schema: Schema = {
        let text = Schema.string(bytes)
        let one = Schema.object([.required("to", text)], isOpen: true)
            .with("additionalProperties", .schema(.json)).with("propertyNames", .schema(.string()))
        return .anyOf([text, .list(of: .anyOf([text, one]), 0...AlertDefinition.maxRecipients)])
    }()

    static func read(_ reader: inout FieldReader) -> AlertRecipients? {
        guard let value = reader.value("recipients") else { return nil }
        if let text = value.stringValue {
            guard bytes.contains(text.utf8.count) else {
                reader.refuse("recipients", count)
                return nil
            }
            do throws(Template.Problem) {
                return .named(try Template(text))
            } catch {
                reader.refuse("recipients", error.message, column: error.column)
                return nil
            }
        }
        guard let items = value.arrayValue, items.count <= AlertDefinition.maxRecipients else {
            reader.refuse("recipients", "must be a text, or a list of at most \(AlertDefinition.maxRecipients)")
            return nil
        }
        guard JSONWriter.bytes(value).count <= AlertDefinition.maxRecipientBytes else {
            reader.refuse("recipients", "is longer than \(AlertDefinition.maxRecipientBytes) bytes")
            return nil
        }
        for (index, item) in items.enumerated() {
            guard let one = One(item) else {
                reader.refuse("recipients[\(index)]", shape)
                continue
            }
            guard !bytes.contains(one.address.utf8.count) else { continue }
            reader.refuse("recipients[\(index)]" + (item.stringValue == nil ? ".to" : ""), count)
        }
        for problem in TemplateJSON.problems(in: value, path: "recipients") {
            reader.refuse(problem.field, problem.message, column: problem.column)
        }
        return .list(items)
    }

    /// Everybody that an attempt writes to.
    func all(with values: TemplateValues) throws(TemplateValues.Missing) -> [One] {
        let found: JSONValue
        switch self {
        case .named(let template):
            // A name alone stands for its value, whatever that is.
            found = if let name = template.onlyName { try values.value(of: name) } else { try Self.text(template, values) }
        case .list(let items):
            var room = WebhookBody.maxBytes
            do {
                found = try TemplateJSON.rendered(.array(items), with: values, room: &room)
            } catch let missing as TemplateValues.Missing {
                throw missing
            } catch {
                throw TemplateValues.Missing(message: "\(error)")
            }
        }
        let items = found.arrayValue ?? [found]
        guard items.count <= AlertDefinition.maxRecipients else {
            throw TemplateValues.Missing(
                message: "there are \(items.count) recipients; the limit is \(AlertDefinition.maxRecipients)")
        }
        let all = items.compactMap(One.init)
        guard all.count == items.count else { throw TemplateValues.Missing(message: "recipients \(Self.shape)") }
        return all
    }

    private static func text(_ template: Template, _ values: TemplateValues) throws(TemplateValues.Missing) -> JSONValue {
        var room = AlertDefinition.maxLineBytes
        return .string(try template.rendered(with: values, room: &room))
    }
}
