import Hummingbird

/// Where a mail's link leads: a form for a new password. The token stands behind the link's `#`, which no browser sends, so
/// that it is in nobody's log; the page's script takes it from there.
struct PasswordPage: Sendable {
    static let path = "/password-reset"

    static func link(_ publicURL: String, token: String) -> String { "\(publicURL)\(path)#token=\(token)" }

    let response = WholePage(title: "Choose a password", style: style, script: script, body: body).response

    private static let body: HTML = """
        <main>
        <h1>Choose a password</h1>
        <form id="form">
        <label for="password">New password</label>
        <input id="password" type="password" autocomplete="new-password" required minlength="\(Passwords.fewestCharacters)"
          aria-describedby="rule">
        <p id="rule">At least \(Passwords.fewestCharacters) characters. You are signed out everywhere.</p>
        <button id="send">Set password</button>
        </form>
        <p id="result" role="status"></p>
        <noscript><p>This page needs its script. Without it, send the token to \
        <code>POST \(PasswordRoutes.confirmPath)</code>.</p></noscript>
        </main>
        """

    private static let script = """
        const find = id => document.getElementById(id);
        const token = new URLSearchParams(location.hash.slice(1)).get("token");
        const show = (text, failed) => {
          find("result").textContent = text;
          find("result").className = failed ? "failed" : "";
        };
        history.replaceState(null, "", location.pathname);
        if (!token) {
          find("form").hidden = true;
          show("This link has no token. Open the one in your mail again.", true);
        }
        find("form").addEventListener("submit", async event => {
          event.preventDefault();
          find("send").disabled = true;
          show("", false);
          try {
            const answer = await fetch(".\(PasswordRoutes.confirmPath)", {
              method: "POST", headers: {"content-type": "application/json"},
              body: JSON.stringify({token, new_password: find("password").value})
            });
            if (answer.ok) {
              find("form").hidden = true;
              show("Your password is set. You can sign in with it now.", false);
            } else if (answer.status === 401) {
              show("This link has been used, or it is too old. Ask for a new one.", true);
            } else {
              show((await answer.json()).detail, true);
            }
          } catch {
            show("The server cannot be reached. Try again.", true);
          }
          find("send").disabled = false;
        });
        """

    private static let style = """
        :root { --ink: #1b1f24; --soft: #59636e; --line: #8b949e; --ground: #fff; --link: #0b57b0; --bad: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa5b1; --ground: #14181d; --link: #7db4ff;
          --bad: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 26rem; padding: 15vh 1.25rem 2rem; color: var(--ink); background: var(--ground);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        h1 { font-size: 1.5rem; margin: 0 0 1.25rem; }
        label { display: block; font-weight: 600; }
        input, button { width: 100%; font: inherit; padding: .6rem .75rem; border-radius: 6px; }
        input { color: inherit; background: transparent; border: 1px solid var(--line); }
        button { color: var(--ground); background: var(--link); border: 0; font-weight: 600; cursor: pointer; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        button:disabled { opacity: .6; cursor: default; }
        #rule { color: var(--soft); font-size: .925rem; margin: .35rem 0 1.25rem; }
        .failed { color: var(--bad); }
        """
}
