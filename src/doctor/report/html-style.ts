/** The look of a page of connections, by day and by night. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #fff; --ink: #1d2329; --muted: #667079; --line: #d9d6d0;
  --ok: #1a7f4b; --refused: #c0312b; --aborted: #9a6a00; --packet: #2f5d9e; --band: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1c2026; --ink: #e4e7ea; --muted: #98a2ab; --line: #363c44;
    --ok: #4cc38a; --refused: #ff7a70; --aborted: #e0b04b; --packet: #84b0f0; --band: #262c34;
  }
}
* { box-sizing: border-box; }
body {
  display: flex; flex-direction: column; gap: 8px; max-width: 980px; margin: 0 auto; padding: 24px 16px 64px;
  background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
}
header { order: -1; margin-bottom: 8px; }
h1 { font-size: 22px; margin: 0; }
header p { margin: 4px 0 0; color: var(--muted); }
small { font-weight: normal; color: var(--muted); }
.connection { border: 1px solid var(--line); border-left: 4px solid var(--ok); border-radius: 6px; background: var(--card); }
.connection.refused { border-left-color: var(--refused); }
.connection.aborted { border-left-color: var(--aborted); }
.connection > :not(summary) { margin-left: 16px; margin-right: 16px; }
summary { cursor: pointer; padding: 8px 12px; }
.connection > summary { display: grid; grid-template-columns: 4em 5em 9em 1fr auto; gap: 8px; align-items: baseline; }
.connection > summary span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.number, .took, .route { color: var(--muted); font-variant-numeric: tabular-nums; }
.user { font-weight: 600; }
.outcome { color: var(--ok); font-weight: 600; }
.refused .outcome { color: var(--refused); }
.aborted .outcome { color: var(--aborted); }
.verdict { font-size: 17px; margin-top: 8px; margin-bottom: 12px; }
.stopped, .problem { color: var(--aborted); }
dl { display: flex; flex-wrap: wrap; gap: 4px 24px; margin-top: 8px; margin-bottom: 12px; }
dl div { display: flex; gap: 8px; min-width: 0; }
dt { color: var(--muted); flex: none; }
dd { margin: 0; overflow-wrap: anywhere; }
.finding { border-left: 3px solid var(--packet); padding: 2px 12px; margin-bottom: 12px; background: var(--band); border-radius: 0 6px 6px 0; }
.finding.decisive { border-left-color: var(--refused); }
.finding.risk { border-left-color: var(--aborted); }
.finding h2 { font-size: 16px; margin: 6px 0; }
.finding ul { margin: 6px 0; padding-left: 20px; overflow-wrap: anywhere; }
.finding dl { display: block; }
.finding dt { min-width: 7em; }
.ladder { display: block; width: calc(100% - 32px); height: auto; font: 13px system-ui, sans-serif; }
.lifeline { stroke: var(--line); stroke-width: 2; }
.actor { font-weight: 600; fill: var(--ink); }
.address, .time, .since { fill: var(--muted); font-size: 11px; font-variant-numeric: tabular-nums; }
.label { fill: var(--ink); }
.arrow { stroke: var(--packet); stroke-width: 1.5; }
.tip { fill: var(--packet); }
.band { fill: var(--band); }
.step.ok .arrow { stroke: var(--ok); }
.step.ok .tip { fill: var(--ok); }
.step.err .arrow, .step.tlsalert .arrow, .step.gap .arrow { stroke: var(--refused); }
.step.err .tip, .step.tlsalert .tip, .step.gap .tip { fill: var(--refused); }
.step.err .label, .step.tlsalert .label { fill: var(--refused); }
.step.problem .label { fill: var(--aborted); }
.packets { margin-top: 8px; margin-bottom: 16px; }
.packets > summary { padding-left: 0; color: var(--muted); }
.packet h3 { font-size: 14px; margin: 12px 0 4px; }
table { border-collapse: collapse; font-size: 13px; }
th { text-align: left; font-weight: normal; color: var(--muted); padding: 1px 16px 1px 0; vertical-align: top; white-space: nowrap; }
td { overflow-wrap: anywhere; }
pre { margin: 6px 0; font: 12px/1.4 ui-monospace, monospace; color: var(--muted); overflow-x: auto; }
@media (max-width: 640px) {
  .connection > summary { grid-template-columns: auto auto 1fr; }
  .route, .took { grid-column: 1 / -1; }
}
`
