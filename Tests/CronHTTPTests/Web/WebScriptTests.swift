import Testing
import WebFiles

@testable import CronHTTP

/// The modules of the pages, made one file.
@Suite struct WebScriptTests {
    @Test func aModuleStandsBeforeThoseThatNeedIt() throws {
        let script = try WebScript.joined(
            [
                "app.js": "import \"./b.js\";\nimport { one } from \"./c.js\";\none();",
                "b.js": "import { one, Two } from \"./c.js\";\nnew Two(one());",
                "c.js": "export function one() {}\nexport class Two {}",
            ], from: "app.js")
        #expect(
            script == """
                const $c = (() => {
                function one() {}
                class Two {}
                return { one, Two };
                })();
                const $b = (() => {
                const { one, Two } = $c;
                new Two(one());
                })();
                const $app = (() => {

                const { one } = $c;
                one();
                })();

                """)
    }

    @Test(arguments: [
        ["app.js": "import \"./b.js\";"],
        ["app.js": "import \"./app.js\";"],
        ["app.js": "import \"./b.js\";", "b.js": "import \"./app.js\";"],
        ["app.js": "import * as b from \"./b.js\";", "b.js": ""],
        ["app.js": "import \"https://example.com/b.js\";"],
        ["app.js": "import \"./b.js\";", "b.js": "export default 1;"],
        ["app.js": "", "b.js": "nobody asks for it"],
    ])
    func whatCannotBeJoinedIsTold(_ modules: [String: String]) {
        #expect(throws: WebTemplates.Fault.self) { try WebScript.joined(modules, from: "app.js") }
    }

    @Test func ofOursNoneIsLeftOut() throws {
        let modules = WebFiles.assets.filter { $0.key.hasSuffix(".js") }
        let script = try WebScript.joined(modules, from: "app.js")
        #expect(!script.contains("\nimport ") && !script.contains("\nexport "))
        #expect(script.matches(of: /(?m)^const \$\w+ = \(\(\) => \{$/).count == modules.count)
    }
}
