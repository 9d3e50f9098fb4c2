/** The page's look: paper and ink, one red for the place where the packet dies; dark where the reader's system is, plain for a printer. */
export const style = `
:root {
  --paper: #faf8f4; --card: #ffffff; --ink: #1d1b18; --soft: #5d574e; --edge: #e3ddd2; --code: #f3efe7;
  --good: #14713f; --bad: #c4122f; --warn: #935800; --open: #5b3fa8; --on: #ffffff;
  --good-wash: #e6f3ea; --bad-wash: #fdeaec; --warn-wash: #fbf0da; --open-wash: #efeafb;
  --network: #f1ede4; --subnet: #eae4d7; --node: #ffffff;
  --sans: -apple-system, "Segoe UI", "Inter", "Roboto", "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, system-ui, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131518; --card: #1b1e23; --ink: #ece8e0; --soft: #a8a296; --edge: #33373f; --code: #23272e;
    --good: #5fcf92; --bad: #ff7a85; --warn: #f0b357; --open: #b9a3ff; --on: #131518;
    --good-wash: #16291f; --bad-wash: #33191d; --warn-wash: #2e2413; --open-wash: #241f38;
    --network: #191c21; --subnet: #20242a; --node: #2a2f37;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.55 var(--sans); background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; }
main { max-width: 1240px; margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem) 2rem; }
@media (min-width: 2000px) { html { font-size: 20px; } main { max-width: 1800px; } }
h1, h2, h3, h4, p, dl, ul, figure { margin: 0; }
code, pre, .address, .id { font-family: var(--mono); font-size: .9em; overflow-wrap: anywhere; }
a { color: inherit; text-underline-offset: .2em; }
a:focus-visible, button:focus-visible, summary:focus-visible, input:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--open); outline-offset: 2px; border-radius: 4px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.quiet { color: var(--soft); font-size: .9rem; }

header { padding-bottom: 1.75rem; border-bottom: 1px solid var(--edge); }
.brand { font-weight: 650; letter-spacing: .02em; color: var(--soft); }
.brand::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .5em; border-radius: 50%; background: var(--bad); }
header.reachable .brand::before { background: var(--good); }
header.inconclusive .brand::before { background: var(--open); }
h1 { font-size: clamp(1.9rem, 1.1rem + 3.2vw, 3.4rem); line-height: 1.08; letter-spacing: -.025em; font-weight: 740; margin: .35rem 0 1.1rem; overflow-wrap: anywhere; text-wrap: balance; }
header.unreachable h1 { color: var(--bad); }
header.reachable h1 { color: var(--good); }
dl { display: flex; flex-wrap: wrap; gap: .35rem 2rem; font-size: .92rem; }
dl div { display: flex; gap: .6em; max-width: 100%; }
dt { color: var(--soft); flex: none; }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }

section { margin-top: 2.25rem; }
h2 { font-size: 1.35rem; line-height: 1.3; letter-spacing: -.01em; display: flex; flex-wrap: wrap; align-items: baseline; gap: .15em .7em; overflow-wrap: anywhere; }
h3 { font-size: 1.1rem; margin-bottom: .6rem; overflow-wrap: anywhere; }
h4 { font-size: .95rem; margin: 1rem 0 .4rem; overflow-wrap: anywhere; }
.vip { padding-top: .5rem; }
.vip ~ .vip { content-visibility: auto; contain-intrinsic-size: auto 1600px; }
.vip + .vip { border-top: 1px solid var(--edge); padding-top: 2.25rem; }
.owner { font-weight: 450; color: var(--soft); min-width: 0; overflow-wrap: anywhere; }
.verdict { font-size: .82rem; font-weight: 650; padding: .15em .7em; border-radius: 99px; white-space: nowrap; }
.verdict.reachable { color: var(--good); background: var(--good-wash); }
.verdict.unreachable { color: var(--bad); background: var(--bad-wash); }
.verdict.inconclusive { color: var(--open); background: var(--open-wash); }
.from { color: var(--soft); }

.drawing { margin: 1rem 0 1.75rem; }
.picture { display: block; width: 100%; height: auto; overflow: visible; font-family: var(--sans); }
.picture.tall { display: none; max-width: 460px; margin: 0 auto; }
@media (max-width: 820px) { .picture.wide { display: none; } .picture.tall { display: block; } }
.picture text { fill: var(--ink); text-anchor: middle; }
.picture .start, .picture .zone-name:not(.end), .picture .pod-name, .picture .pod-node, .picture .bubble-title, .picture .bubble-text, .picture .beside { text-anchor: start; }
.picture .end { text-anchor: end; }
.picture .share { text-anchor: end; font-size: 12.5px; font-weight: 650; }
.zone { stroke: var(--edge); stroke-width: 1.2; }
.zone.network { fill: var(--network); } .zone.subnet { fill: var(--subnet); } .zone.node { fill: var(--node); }
.picture .zone-name { font-size: 12px; fill: var(--soft); }
.line { fill: none; stroke: var(--ink); stroke-width: 4.5; stroke-linecap: round; stroke-linejoin: round; }
.line.beyond { stroke: var(--soft); stroke-width: 2.2; stroke-dasharray: 1 8; opacity: .75; }
.reachable .line.reached { stroke: var(--good); }
.line.back { stroke-width: 3; }
.line.back.beyond { stroke-width: 2; }
.badge { text-decoration: none; outline-offset: 6px; }
.badge .disc { fill: var(--soft); stroke: var(--card); stroke-width: 3; }
.badge.pass .disc { fill: var(--good); } .badge.fail .disc { fill: var(--bad); } .badge.warn .disc { fill: var(--warn); } .badge.unknown .disc { fill: var(--open); }
.badge .sign { fill: none; stroke: var(--on); stroke-width: 2.8; stroke-linecap: round; stroke-linejoin: round; }
.badge.beyond .disc { fill: var(--card); stroke: var(--soft); stroke-width: 2; }
.badge.beyond.fail .disc { stroke: var(--bad); } .badge.beyond.pass .disc { stroke: var(--good); } .badge.beyond.warn .disc { stroke: var(--warn); } .badge.beyond.unknown .disc { stroke: var(--open); }
.badge.beyond .sign { stroke: var(--soft); stroke-width: 2.4; }
.badge.beyond.fail .sign { stroke: var(--bad); } .badge.beyond.pass .sign { stroke: var(--good); } .badge.beyond.warn .sign { stroke: var(--warn); } .badge.beyond.unknown .sign { stroke: var(--open); }
.badge:hover .disc { stroke: var(--ink); }
.badge .halo { fill: var(--bad); opacity: .16; } .badge.unknown .halo { fill: var(--open); }
.badge .rim { fill: var(--card); }
@media (prefers-reduced-motion: no-preference) {
  .badge .halo { transform-origin: 0 0; animation: pulse 2.4s ease-out infinite; }
  .reachable .line.reached:not(.back) { stroke-dasharray: 14 6; animation: travel 1.4s linear infinite; }
}
@keyframes pulse { 0% { transform: scale(.7); opacity: .3; } 70%, 100% { transform: scale(1.25); opacity: 0; } }
@keyframes travel { to { stroke-dashoffset: -20; } }
.hop { font-size: 14px; font-weight: 650; }
.picture .hop.beyond, .picture .fact { fill: var(--soft); }
.fact { font-size: 12px; }
.picture .tall .fact, .tall .fact { font-size: 13px; }
.tall .hop { font-size: 15.5px; }
.picture .chain { font: 11px var(--mono); fill: var(--soft); }
.picture .interface { font: 11px var(--mono); fill: var(--soft); }
.client rect, .pod rect { fill: var(--card); stroke: var(--ink); stroke-width: 1.6; }
.pod.beyond rect { stroke: var(--soft); stroke-dasharray: 3 4; stroke-width: 1.2; }
.client-name { font-size: 14px; font-weight: 650; } .client-text { font-size: 12px; }
.pod-name { font: 600 11.5px var(--mono); } .picture .pod-node { font-size: 11.5px; fill: var(--soft); }
.picture .pod.beyond .pod-name { fill: var(--soft); }
.bubble rect, .bubble path { fill: var(--bad); } .bubble.unknown rect, .bubble.unknown path { fill: var(--open); }
.picture .bubble text { fill: var(--on); }
.bubble-title { font-size: 15px; font-weight: 700; } .bubble-text { font-size: 13.5px; }

.cause { background: var(--card); border: 1px solid var(--edge); border-left: 6px solid var(--bad); border-radius: 12px; padding: 1.25rem clamp(1rem, 3vw, 1.75rem) 1.35rem; margin-top: 1.25rem; }
.cause h3 .id { font-weight: 500; }
.aws { font-size: .8rem; font-weight: 500; color: var(--soft); }
.cause > .says { font-size: 1.08rem; max-width: 75ch; }
.accepted { color: var(--warn); font-weight: 600; margin-bottom: .4rem; }
.commands { position: relative; }
pre { margin: .35rem 0; padding: .85rem 1rem; background: var(--code); border-radius: 8px; overflow-x: auto; line-height: 1.5; }
pre code { font-size: .86rem; overflow-wrap: normal; }
.commands:has(.copy:not([hidden])) pre { padding-right: 5.5rem; }
.copy { position: absolute; top: .45rem; right: .45rem; font: 600 .8rem var(--sans); padding: .3rem .75rem; color: var(--ink); background: var(--card); border: 1px solid var(--edge); border-radius: 6px; cursor: pointer; }
@media (max-width: 640px) { .copy { position: static; } .commands:has(.copy:not([hidden])) pre { padding-right: 1rem; } }
.copy:hover { border-color: var(--ink); }
summary { cursor: pointer; }
.more { margin-top: .7rem; font-size: .93rem; }
.more > summary { color: var(--soft); width: fit-content; }
.more p, .more ul { margin-top: .4rem; max-width: 80ch; }

.hop-details { border-top: 1px solid var(--edge); }
.hop-details:last-child { border-bottom: 1px solid var(--edge); }
.hop-details > summary { display: grid; grid-template-columns: 1.6rem 8rem 1fr; gap: 0 .5rem; align-items: baseline; padding: .65rem .25rem; list-style: none; }
.hop-details > summary::-webkit-details-marker { display: none; }
.hop-details > summary:hover { background: var(--card); }
.hop-details > summary .unseen + strong { grid-column: 2; }
.hop-details .says { grid-column: 3; color: var(--soft); overflow-wrap: anywhere; min-width: 0; }
.hop-details.fail > summary .says { color: var(--ink); }
@media (max-width: 640px) { .hop-details > summary { grid-template-columns: 1.6rem 1fr; } .hop-details .says { grid-column: 2; } }
.mark { display: inline-block; width: 1.35em; height: 1.35em; line-height: 1.35em; margin-right: .35em; text-align: center; font-size: .82em; font-weight: 750; border-radius: 50%; color: var(--on); background: var(--soft); }
.mark.pass { background: var(--good); } .mark.fail { background: var(--bad); } .mark.warn { background: var(--warn); } .mark.unknown { background: var(--open); }
.inside { padding: .25rem .25rem 1.25rem 2.1rem; scroll-margin-top: 4rem; }
@media (max-width: 640px) { .inside { padding-left: .25rem; } }
.finding { padding: .35rem 0 .6rem; }
.finding h4 { margin: .6rem 0 .15rem; }
.finding p { max-width: 85ch; }
.also { border-top: 1px solid var(--edge); padding: .5rem 0; }
.also > summary { max-width: 95ch; }
.plain, .unread, .more ul, section > ul { padding-left: 1.1rem; }
.plain { list-style: none; padding-left: 0; }
.plain li { margin: .25rem 0; max-width: 90ch; }
.proof { margin: .6rem 0; }
.proof figcaption { font: .82rem var(--mono); color: var(--soft); overflow-wrap: anywhere; }
.proof .value { font-family: var(--mono); font-size: .84rem; overflow-wrap: anywhere; max-width: none; }
.proof pre { padding: .5rem 0; }
.row { display: block; white-space: pre; padding: 0 1rem 0 0; min-width: fit-content; color: var(--soft); height: 1.5em; }
.row.hit { background: var(--warn-wash); color: var(--ink); }
.number { display: inline-block; min-width: 3.6em; padding-right: 1em; text-align: right; color: var(--soft); user-select: none; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .45rem .8rem .45rem 0; border-bottom: 1px solid var(--edge); vertical-align: baseline; }
thead th { color: var(--soft); font-weight: 550; font-size: .85rem; }
tbody th { font: 600 .9rem var(--mono); overflow-wrap: anywhere; }
.vips td { overflow-wrap: anywhere; min-width: 6rem; }
.vips { table-layout: fixed; min-width: 640px; }
.vips th:first-child { width: 8.5rem; } .vips th:nth-child(2) { width: 16rem; }
.rules td { white-space: nowrap; }
.all .scroll { contain: content; max-height: 60vh; overflow: auto; border: 1px solid var(--edge); border-radius: 10px; background: var(--card); padding: 0 1rem; }
.all thead th { position: sticky; top: 0; background: var(--card); padding-top: .7rem; }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.1rem; margin: .75rem 0; }
.filter[hidden], tr[hidden], .copy[hidden] { display: none; }
.filter input[type=search] { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: 8px; padding: .4rem .7rem; width: min(22rem, 100%); }
fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
output { color: var(--soft); }
.left { margin-top: 1.5rem; color: var(--soft); }
.gaps li, .warning { margin: .3rem 0; }

.timeline { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 1rem 1.25rem; margin-top: .75rem; overflow-x: auto; }
.timeline figcaption { color: var(--soft); } .timeline figcaption p { color: var(--ink); max-width: 85ch; }
.timeline > svg { display: block; width: 100%; min-width: 640px; height: auto; margin-top: .75rem; }
.timeline text { fill: var(--ink); font: 13px var(--sans); }
.lane { stroke: var(--edge); stroke-width: 1.5; } .timeline .lane-mac { font: 10.5px var(--mono); fill: var(--soft); }
.announced { fill: var(--open); stroke: var(--card); stroke-width: 1; } .answered { fill: var(--good); stroke: var(--card); stroke-width: 1; } .asked { stroke: var(--soft); stroke-width: 2.2; fill: none; }
.conflict { fill: var(--bad); opacity: .16; } .timeline .conflict-name { fill: var(--bad); font-weight: 650; }
.handover { stroke: var(--warn); stroke-width: 2; stroke-dasharray: 5 4; fill: none; } .timeline .handover-name { fill: var(--warn); font-weight: 650; }
.timeline .tick { text-anchor: middle; font-size: 11.5px; fill: var(--soft); }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .5rem; font-size: .88rem; color: var(--soft); }
.legend svg { width: 16px; height: 16px; } .legend svg:not(:first-child) { margin-left: 1rem; }
footer { max-width: 1240px; margin: 0 auto; padding: 1rem clamp(1rem, 4vw, 3rem) 3rem; color: var(--soft); font-size: .88rem; }
@media (min-width: 2000px) { footer { max-width: 1800px; } }

@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --edge: #bbb; --code: #f4f4f4; --on: #fff; --good: #0b5c31; --bad: #b00020; --warn: #7a4900; --open: #45308a; --network: #fafafa; --subnet: #f2f2f2; --node: #fff; --good-wash: #fff; --bad-wash: #fff; --warn-wash: #eee; --open-wash: #fff; }
  html { font-size: 10pt; } main { max-width: none; padding: 0; } .copy, .filter { display: none; }
  .picture.wide { display: block; } .picture.tall { display: none; }
  .all .scroll { max-height: none; overflow: visible; border: 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .row { white-space: pre-wrap; height: auto; min-width: 0; }
  .vip ~ .vip { content-visibility: visible; }
  .cause, .proof, .timeline, .drawing { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  * { animation: none !important; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`
