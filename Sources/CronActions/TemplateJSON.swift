import CronModel

/// JSON of which every text, except the names of members, is a template. What comes out of one stays a text.
enum TemplateJSON {
    /// The problems of every template in it, with their paths.
    static func problems(in value: JSONValue, path: String) -> [FieldProblem] {
        switch value {
        case .string(let text):
            do throws(Template.Problem) {
                _ = try Template(text)
                return []
            } catch {
                return [FieldProblem(field: path, message: error.message, column: error.column)]
            }
        case .array(let items):
            return items.enumerated().flatMap { problems(in: $0.element, path: "\(path)[\($0.offset)]") }
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { problems(in: $0.value, path: "\(path).\($0.key)") }
        case .null, .bool, .integer, .number:
            return []
        }
    }

    /// - Parameter room: bytes that its texts may have at most; what they take is taken off.
    static func rendered(_ value: JSONValue, with values: TemplateValues, room: inout Int) throws -> JSONValue {
        switch value {
        case .string(let text): return .string(try Template(text).rendered(with: values, room: &room))
        case .array(let items):
            var rendered: [JSONValue] = []
            for item in items { rendered.append(try Self.rendered(item, with: values, room: &room)) }
            return .array(rendered)
        case .object(let members):
            var rendered: [String: JSONValue] = [:]
            for (name, member) in members { rendered[name] = try Self.rendered(member, with: values, room: &room) }
            return .object(rendered)
        case .null, .bool, .integer, .number: return value
        }
    }
}
