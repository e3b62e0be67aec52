import CronModel
import Testing

@Suite struct HTMLTextTests {
    @Test(arguments: [
        ("a <b> & \"c\" 'd'", "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;"), ("", ""), ("Ännchen\n", "Ännchen\n"),
        ("\"\u{301} onclick=x", "&quot;\u{301} onclick=x"), ("<\u{338}b>\u{301}", "&lt;\u{338}b&gt;\u{301}"),
    ])
    func nothingOfATextIsMarkup(text: String, escaped: String) {
        #expect(HTMLText.escaped(text) == escaped)
    }
}
