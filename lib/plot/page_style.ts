/**
 * How the project's pages look: one readable column, light or dark as the reader's system says, and nothing wider than
 * a phone except what scrolls by itself (tables, charts, code).
 */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --shade: #f3f5f7; --accent: #0b62c4;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e3e8ee; --faint: #9aa5b1; --line: #38414b; --shade: #1d232a; --accent: #6cb0ff; }
}
* { box-sizing: border-box; }
body {
  max-width: 56rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { margin: 0 0 0.25rem; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; }
a { color: var(--accent); }
.summary, figcaption, caption { color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.4rem; text-align: left; }
th, td { padding: 0.3rem 1.5rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; }
th.number, td.number { text-align: right; }
td.number, td.quantity { white-space: nowrap; }
figure { margin: 1rem 0; }
figure svg { display: block; min-width: 26rem; max-width: 100%; height: auto; }
figcaption { margin-top: 0.25rem; font-size: 0.9rem; }
pre {
  margin: 0.75rem 0; padding: 0.75rem 1rem; border-radius: 6px;
  background: var(--shade); font-size: 0.875rem; white-space: pre-wrap;
}
pre.text { font: inherit; }
code { font-family: ui-monospace, monospace; }
`;
