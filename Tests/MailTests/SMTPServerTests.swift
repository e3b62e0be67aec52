import CronModel
import Foundation
import Testing

@testable import Mail

@Suite struct SMTPServerTests {
    @Test func standardsAreSafe() throws {
        let server = try SMTPServer(url: "smtp://cron:a%40b@mail.example.com")
        #expect(server.host == "mail.example.com" && server.port == 587 && server.security == .startTLS)
        #expect(server.user == "cron" && server.password == "a@b")
        #expect(try SMTPServer(url: "smtps://mail.example.com").port == 465)
        #expect(try SMTPServer(url: "smtps://mail.example.com").security == .tls)
        #expect(try SMTPServer(url: "smtp://[::1]:25?tls=off").description == "[::1]:25")
        #expect(try SMTPServer(url: "smtp://localhost?tls=required").security == .startTLS)
    }

    @Test(arguments: [
        ("s3cret", "must begin with smtp:// or smtps://"), ("http://h", "must begin with smtp:// or smtps://"),
        ("smtp://", "must be smtp://USER:PASSWORD@HOST:PORT"), ("smtp://h:0", "the port is not in 1–65535"),
        ("smtp://h/x", "must hold nothing between port and"), ("smtp://h?tls=maybe", "tls must be"),
        ("smtps://h?tls=off", "smtps is TLS"), ("smtp://h?x=1", "only tls and ca_file may be set"),
        ("smtp://u:12?s3cret@mail.example.com", "only tls and ca_file may be set"),
        ("smtp://h?ca_file=/nowhere", "ca_file: \"/nowhere\" cannot be read"),
        ("smtp://u@h", "a user without a password"),
        ("smtp://:p@h", "a password without a user"), ("smtp://a_b", "the host is neither a name nor an address"),
        ("smtp://u:s3cret@mail.example.com?tls=off", "would send the password unencrypted"),
        ("smtp://u:s3cret@10.0.0.1?tls=off", "would send the password unencrypted"),
    ])
    func aWrongOneIsToldWithoutItsPassword(_ url: String, _ expected: String) {
        #expect {
            try SMTPServer(url: url)
        } throws: { error in
            let message = (error as? MailProblem)?.message ?? ""
            return message.contains(expected) && !message.contains("s3cret")
        }
    }

    @Test func aPasswordIsShownNowhere() throws {
        let server = try SMTPServer(url: "smtp://cron:s3cret@mail.example.com")
        var dumped = ""
        dump(server, to: &dumped)
        for text in ["\(server)", String(reflecting: server), dumped, String(describing: Optional(server))] {
            #expect(!text.contains("s3cret"))
        }
        #expect(server.quote("no: s3cret\r\n\u{7}") == "no: … ?")
    }
}
