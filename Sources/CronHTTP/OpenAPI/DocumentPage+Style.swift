extension DocumentPage {
    static let style = """
        :root { --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --ground: #fff; --tint: #f4f6f8; --link: #0b57b0;
          --get: #0a6640; --post: #0b57b0; --put: #8a4b00; --patch: #6b3fa0; --delete: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa5b1; --line: #343b44; --ground: #14181d;
          --tint: #1d2329; --link: #7db4ff; --get: #5fd39a; --post: #7db4ff; --put: #f0b05a; --patch: #c6a3f5;
          --delete: #ff8a80; } }
        * { box-sizing: border-box; }
        html { scroll-padding-top: 1rem; }
        body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink); background: var(--ground);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
        a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
        h1 { font-size: 2rem; line-height: 1.2; margin: 0; }
        h2 { font-size: 1.5rem; margin: 3rem 0 1rem; }
        h3 { font-size: 1.15rem; margin: 0 0 .35rem; }
        h4 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
        h4 span, .version, .route i, .name i { color: var(--soft); font-weight: normal; font-style: normal; }
        p { margin: .35rem 0 .75rem; max-width: 46rem; }
        ul { margin: 0; padding-left: 1.25rem; }
        code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
        pre { margin: .5rem 0; padding: .75rem 1rem; overflow-x: auto; background: var(--tint); border: 1px solid var(--line);
          border-radius: 6px; }
        nav { columns: 16rem; column-gap: 2rem; border-block: 1px solid var(--line); margin: 1.5rem 0; padding: 1rem 0; }
        nav h2 { font-size: 1rem; margin: 0; break-after: avoid; }
        nav h2 a { color: inherit; text-decoration: none; }
        nav ul { list-style: none; padding: 0; margin: 0 0 1rem; }
        nav li a { display: block; padding: .15rem 0; text-decoration: none; }
        nav li a:hover { text-decoration: underline; }
        article { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; margin: 0 0 1rem; }
        article:target { border-color: var(--link); box-shadow: 0 0 0 1px var(--link); }
        .route { max-width: none; }
        .route b { font: 700 .8rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
        .get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
        .patch { color: var(--patch); } .delete { color: var(--delete); }
        .fields > div { display: grid; grid-template-columns: minmax(9rem, 2fr) minmax(10rem, 3fr) minmax(14rem, 5fr);
          gap: 0 1.25rem; border-top: 1px solid var(--line); padding: .4rem 0; }
        .fields p { margin: 0; }
        .name b { font-size: .75rem; color: var(--delete); font-weight: 600; }
        .name i { font-size: .8rem; }
        .type { color: var(--soft); font-size: .925rem; }
        .about { font-size: .95rem; }
        dl { margin: 0; display: grid; grid-template-columns: 3rem 1fr; gap: .35rem 1rem; }
        dt { font-weight: 600; color: var(--get); font-variant-numeric: tabular-nums; }
        dt.problem { color: var(--delete); }
        dd { margin: 0; min-width: 0; }
        dd > .type { margin: 0; }
        h4 + .type, h4 + .fields { margin-top: .25rem; }
        details { margin-top: .75rem; }
        summary { cursor: pointer; color: var(--soft); padding: .25rem 0; }
        @media (max-width: 46rem) {
          body { padding: 1rem .9rem 3rem; }
          article { padding: .85rem .9rem; }
          .fields > div { display: block; }
          dl { grid-template-columns: 2.5rem 1fr; gap: .35rem .5rem; }
          nav { columns: 9.5rem; column-gap: 1rem; }
          nav li a { padding: .4rem 0; line-height: 1.3; }
          summary { padding: .5rem 0; }
        }
        @media print { nav, summary { display: none; } article { break-inside: avoid; } }
        """
}
