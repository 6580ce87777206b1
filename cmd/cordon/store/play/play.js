'use strict';
// The page only ever speaks as the reader. The password stays in this page's
// memory; one given behind # is taken out of the address at once.
const $ = (id) => document.getElementById(id);
const shown = 2000; // rows put into the page; the rest would only slow it down
let running = null;

// /play?database=...&sql=... opens with a statement.
const asked = new URLSearchParams(location.search);
if (asked.get('sql')) $('sql').value = asked.get('sql');
const database = asked.get('database') ?? 'default';

if (location.hash.length > 1) {
  $('password').value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', location.pathname + location.search);
}

function count(n, noun) {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

function fail(text) {
  $('error').textContent = text;
  $('error').hidden = false;
}

function cell(value, numeric) {
  const td = document.createElement('td');
  if (value === null) {
    td.textContent = 'NULL';
    td.className = 'null';
    return td;
  }
  td.textContent = typeof value === 'object' ? JSON.stringify(value) : String(value);
  td.title = 'click to unfold';
  td.className = numeric ? 'number' : '';
  td.addEventListener('click', () => td.classList.toggle('open'));
  return td;
}

function table(meta, rows) {
  const t = document.createElement('table');
  const numeric = meta.map((c) => /^(Nullable\()?(U?Int|Float|Decimal)/.test(c.type));
  const head = t.createTHead().insertRow();
  meta.forEach((c, i) => {
    const th = document.createElement('th');
    th.textContent = c.name;
    th.className = numeric[i] ? 'number' : '';
    const type = document.createElement('small');
    type.textContent = c.type;
    th.append(type);
    head.append(th);
  });
  const body = t.createTBody();
  for (const row of rows.slice(0, shown)) {
    const tr = body.insertRow();
    row.forEach((value, i) => tr.append(cell(value, numeric[i])));
  }
  return t;
}

function plain(text) {
  const pre = document.createElement('pre');
  pre.textContent = text;
  return pre;
}

function show(text, format, took) {
  if (format !== 'JSONCompact') {
    $('result').replaceChildren(plain(text));
    $('status').textContent = `${took} ms`;
    return;
  }
  const r = JSON.parse(text);
  $('result').replaceChildren(table(r.meta, r.data));
  const s = r.statistics;
  const more = r.rows > shown ? `, first ${shown} shown` : '';
  $('status').textContent = `${count(r.rows, 'row')}${more} · read ${count(s.rows_read, 'row')} · engine ${(s.elapsed * 1000).toFixed(1)} ms · total ${took} ms`;
}

async function run() {
  running?.abort();
  running = new AbortController();
  $('error').hidden = true;
  $('status').textContent = 'running';
  $('stop').hidden = false;
  const begun = performance.now();
  try {
    const res = await fetch(`./?database=${encodeURIComponent(database)}&default_format=JSONCompact&output_format_json_quote_64bit_integers=1&wait_end_of_query=1`, {
      method: 'POST', body: $('sql').value, signal: running.signal,
      headers: {'X-ClickHouse-User': 'reader', 'X-ClickHouse-Key': $('password').value},
    });
    const text = await res.text();
    if (res.status !== 200) throw new Error(text);
    show(text, res.headers.get('X-ClickHouse-Format'), Math.round(performance.now() - begun));
  } catch (e) {
    $('status').textContent = '';
    fail(e.name === 'AbortError' ? 'stopped' : e.message);
  }
  $('stop').hidden = true;
}

$('query').addEventListener('submit', (e) => { e.preventDefault(); run(); });
$('login').addEventListener('submit', (e) => { e.preventDefault(); run(); });
$('stop').addEventListener('click', () => running?.abort());
$('sql').addEventListener('keydown', (e) => {
  if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); run(); }
});
if ($('password').value) run(); else $('password').focus();
