import CronModel
import HTTPTypes

/// One operation on the page.
struct OperationPage {
    let route: Route

    private var operation: Operation { route.operation }

    var html: HTML {
        """
        <article id="\(operation.id)">
        <h3>\(operation.summary)</h3>
        <p class="route"><b class="\(method.lowercased())">\(method)</b> <code>\(path)</code>\(access)</p>
        \(operation.about.isEmpty ? .none : "<p>\(HTML(prose: operation.about))</p>")
        \(parameters)
        \(request)
        \(answers)
        <h4>Example</h4>
        <pre><code>\(curl)</code></pre>
        </article>
        """
    }

    private var method: String { route.method.rawValue }

    /// Lines may break after a slash.
    private var path: HTML {
        HTML(joining: route.path.split(separator: "/").map { "/\(String($0))" as HTML }, separator: "<wbr>")
    }

    private var access: HTML { route.access == .open ? " <i>open to everybody</i>" : .none }

    private var parameters: HTML {
        guard !operation.parameters.isEmpty else { return .none }
        let rows = operation.parameters.map { parameter in
            SchemaPage.row(
                name: parameter.name, place: parameter.place.rawValue, schema: parameter.schema,
                isRequired: parameter.isRequired, about: parameter.about)
        }
        return SchemaPage.table("Parameters", rows)
    }

    private var request: HTML {
        guard let body = operation.body else { return .none }
        let need = body.isRequired ? "" : ", may be empty"
        let types = body.types.joined(separator: " or ")
        let head: HTML = "<h4>Body <span>\(types)\(need)</span></h4>"
        return "\(head)\(SchemaPage.body(body.schema))"
    }

    private var answers: HTML {
        let good = operation.answers.map { answer -> HTML in
            let content = answer.schema.map { SchemaPage.content($0) } ?? .none
            let about = answer.about.isEmpty ? answer.status.reasonPhrase : answer.about
            let headers = answer.headers.map { header -> HTML in
                "<li><code>\(header.name)</code> \(HTML(prose: header.about))</li>"
            }
            let list: HTML = headers.isEmpty ? .none : "<ul>\(HTML(joining: headers))</ul>"
            return "<dt>\(Int(answer.status.code))</dt><dd>\(HTML(prose: about))\(list)\(content)</dd>"
        }
        let bad = ProblemGroup.all(operation.problems(of: route)).map { group -> HTML in
            let kinds = group.kinds.map { "<code>\($0.type)</code> \($0.title)" as HTML }
            return
                "<dt class=\"problem\">\(Int(group.status.code))</dt><dd>\(HTML(joining: kinds, separator: "<br>"))</dd>"
        }
        return """
            <h4>Answers</h4>
            <dl>\(HTML(joining: good))</dl>
            <details><summary>Problems</summary><dl>\(HTML(joining: bad))</dl></details>
            """
    }

    /// The request as a command.
    private var curl: String {
        var lines = ["curl -fsS\(method == "GET" ? "" : " -X \(method)") \"$url\(examplePath)\""]
        if route.access == .signedIn { lines.append("-H \"authorization: Bearer $token\"") }
        if let body = operation.body, let example = body.example {
            lines.append("-H 'content-type: \(body.types[0])'")
            lines.append("-d '\(Self.text(example))'")
        } else if let body = operation.body, body.isRequired {
            lines.append("-H 'content-type: \(body.types[0])'")
            lines.append("-d @body.json")
        }
        return lines.joined(separator: " \\\n  ")
    }

    /// JSON with a line for each member, if there are several: a long line is cut off on a phone.
    private static func text(_ example: JSONValue) -> String {
        guard case .object(let members) = example, members.count > 1 else { return JSONWriter.text(example) }
        let lines = members.sorted { $0.key < $1.key }.map { name, member in
            "    \(JSONWriter.text(.string(name))): \(JSONWriter.text(member))"
        }
        return "{\n\(lines.joined(separator: ",\n"))}"
    }

    /// Variables of the shell for what varies.
    private var examplePath: String {
        route.path.split(separator: "/").map { part in
            part.hasPrefix("{") ? "/$\(part.dropFirst().dropLast())" : "/\(part)"
        }.joined()
    }
}
