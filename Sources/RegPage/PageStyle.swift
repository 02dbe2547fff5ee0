// SPDX-License-Identifier: Apache-2.0

/// How pages look.
///
/// Colours are of the palette of Okabe and Ito, and nothing is told by colour alone.
let pageStyle = Markup.verbatim(
    """

    :root{--paper:#fff;--ink:#1b1f24;--dim:#5b6470;--line:#d9dde3;--faint:#f4f6f8;--old:#b4bcc8;--oldline:#6b7686;
    --new:#0072b2;--good:#00795c;--bad:#b8420a;--warn:#8a6100;--mark:#e7f1f9}
    @media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e4e7eb;--dim:#9aa4b1;--line:#333a43;--faint:#1c2127;
    --old:#4a5462;--oldline:#8f9bab;--new:#56b4e9;--good:#3fc79a;--bad:#f08a5d;--warn:#e0b040;--mark:#1b2d3b}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0 auto;max-width:70rem;padding:2rem 1.25rem 3rem;background:var(--paper);color:var(--ink);
    font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
    h1,h2,h3{line-height:1.25;text-wrap:balance;overflow-wrap:anywhere}
    h1{font-size:1.75rem;margin:.25rem 0 .5rem;font-weight:650}
    h1 .to{color:var(--dim);font-weight:400;padding:0 .35em}
    h2{font-size:1.25rem;margin:3rem 0 1rem;padding-top:.75rem;border-top:2px solid var(--ink);font-weight:650}
    h3{font-size:1rem;margin:2rem 0 .5rem;font-weight:650}
    h3 .dim,h2 .dim{font-weight:400}
    p{margin:.5rem 0;max-width:65ch}
    code,.name,.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.875em}
    .kicker{margin:0;color:var(--dim);font-size:.875rem;letter-spacing:.04em}
    .lead{font-size:1.0625rem}
    .dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
    .small{font-size:.875rem}p.small{max-width:none}
    .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    a{color:var(--new)}a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--new);outline-offset:2px}
    nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:1.25rem 0 0;padding:0;font-size:.9375rem}
    .tiles{display:flex;flex-wrap:wrap;gap:1px;margin:1.5rem 0 0;padding:0;
    background:var(--line);border:1px solid var(--line);border-radius:6px;overflow:hidden}
    .tiles div{flex:1 1 auto;min-width:7rem;background:var(--paper);padding:.75rem 1rem;display:flex;flex-direction:column}
    .tiles dt{order:1;font-size:.8125rem}
    .tiles dd{margin:0;font-size:1.375rem;font-weight:600;line-height:1.3;white-space:nowrap}
    .tiles dd.more{order:2;white-space:normal;font-size:.8125rem;font-weight:400;color:var(--dim)}
    .notes{margin:1.25rem 0 0;padding:.5rem 1rem .5rem 2rem;border-left:3px solid var(--warn);background:var(--faint)}
    .scroll{overflow-x:auto;margin:.75rem 0;
    background:linear-gradient(90deg,var(--paper) 40%,transparent) 0 0/2.5rem 100% no-repeat local,
    linear-gradient(270deg,var(--paper) 40%,transparent) 100% 0/2.5rem 100% no-repeat local,
    linear-gradient(90deg,var(--line),transparent) 0 0/.75rem 100% no-repeat scroll,
    linear-gradient(270deg,var(--line),transparent) 100% 0/.75rem 100% no-repeat scroll}
    table{border-collapse:collapse;width:100%;font-size:.875rem}
    th,td{padding:.3125rem .75rem .3125rem 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--line)}
    th:last-child,td:last-child{padding-right:0}
    thead th{font-weight:500;color:var(--dim);font-size:.8125rem;vertical-align:bottom;white-space:nowrap;border-bottom-color:var(--oldline)}
    tbody th{font-weight:400}
    td.n,th.n{text-align:right;white-space:nowrap}
    .n+td:not(.n),.n+th:not(.n){padding-left:.75rem}
    td.name,th.name{overflow-wrap:anywhere;min-width:9rem}
    td.nowrap{white-space:nowrap}
    tr.group th,tr.group td{font-weight:650;background:var(--faint)}
    .value{overflow-wrap:anywhere;min-width:7rem}
    .bars th.name{width:1%;min-width:7.5rem;max-width:20rem;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
    .bars .bar{width:60%;min-width:7rem;padding:.3125rem 1rem .3125rem .25rem;vertical-align:middle}
    .bars tbody th,.bars tbody td{border-bottom:0;vertical-align:middle}.bars tbody .bar{overflow:hidden}
    .bars tbody tr:hover{background:var(--mark)}
    svg{display:block;overflow:visible}
    svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;fill:var(--dim)}
    .grid{stroke:var(--line);stroke-width:1}.base{stroke:var(--oldline);stroke-width:1}
    rect.old,path.old{fill:var(--old)}rect.new{fill:var(--new)}
    .stroke{fill:none!important;stroke-width:1.75;vector-effect:non-scaling-stroke;stroke-linejoin:round}
    .stroke.new{stroke:var(--new)}.stroke.old{stroke:var(--oldline)}.dashed{stroke-dasharray:5 4}
    .plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:1.5rem 2rem;margin:1rem 0}
    .plot{margin:0;min-width:0}
    .plot figcaption{font-size:.875rem;font-weight:500;overflow-wrap:anywhere;margin-bottom:.25rem}
    .frame{display:grid;grid-template-columns:44px minmax(0,1fr);gap:6px}
    .xlabel{margin:0;text-align:center;font-size:.75rem;color:var(--dim);padding-left:50px}
    .key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;font-size:.875rem;color:var(--dim);margin:.5rem 0;padding:0;list-style:none}
    .key li{display:flex;align-items:center;gap:.5rem}
    details{margin:.75rem 0}
    summary{cursor:pointer;font-size:.9375rem;padding:.25rem 0;overflow-wrap:anywhere}
    footer{margin-top:3rem;padding-top:.75rem;border-top:1px solid var(--line);color:var(--dim);font-size:.8125rem}
    @media (max-width:40rem){body{padding:1.25rem 1rem 2rem}h1{font-size:1.375rem}h2{margin-top:2.25rem}
    .tiles div{flex-basis:40%}.bars .bar{width:auto;min-width:6rem}.bars th.name{max-width:9.5rem}
    .axis text:not(:first-child):not(:last-child){display:none}
    .bars td.dim,.bars thead th.remark{display:none}td.name,th.name{min-width:7rem}}
    @media print{body{max-width:none;padding:0}a{color:inherit}.scroll{overflow:visible}section{break-inside:auto}tr,figure{break-inside:avoid}}

    """)
