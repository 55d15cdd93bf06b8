/** The forms of a report that people see: the ladder of a terminal and the page. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as said from '../../../test/support/observations.ts'
import type { FindingReport } from './connection-report.ts'
import { hexDump } from './hex.ts'
import { htmlConnection, htmlFoot, htmlHead } from './html.ts'
import { ladder } from './ladder.ts'
import { reportOf } from './report.ts'
import { jsonLine, visible } from './visible.ts'

const refused = () =>
  reportOf(said.observed(said.greeting(), said.login(), said.denied, said.serverLeaves), { hex: true })

const finding: FindingReport = {
  id: 'full-moon',
  title: 'The moon is full',
  severity: 'decisive',
  certain: true,
  evidence: ['it was seen'],
  affects: 'all',
  remedy: { client: 'Wait.', server: 'Wait, too.' },
  reference: 'https://example.com/moon',
}

/** What a server could say to a terminal or a page. */
const hostile = '<script>alert(1)</script>\u001b[2J\u009b1A\u202eevil\r\n"quoted" & \'so\''

function fromHostile() {
  const login = said.login({ user: hostile, attributes: { [hostile]: hostile } })
  const seen = said.observed(said.greeting({ serverVersion: 'v<b>\u001b]0;x' }), login, said.err(1045, hostile))
  const known = reportOf(seen, { hex: true })
  return {
    ...known,
    findings: [{ ...finding, title: hostile, evidence: [hostile], reference: `javascript:${hostile}` }],
  }
}

describe('ladder', () => {
  it('tells who, what each side said with times, and the verdict', () => {
    const lines = ladder(refused(), { colour: false, verbose: false }).split('\n')
    assert.deepEqual(lines, [
      '#1  192.0.2.7:50000 -> 192.0.2.1:3306  refused',
      '    2026-01-01 00:00:00.000 UTC · server 9.7.4 · user mary · caching_sha2_password · plaintext · 1500.0 ms',
      '',
      '      0.000 ms             <-  greeting of 9.7.4: caching_sha2_password, TLS offered, 20 bytes of nonce and a NUL, connection 8',
      "    500.000 ms   +500.000  ->  login of 'mary': caching_sha2_password, answer of 32 bytes, utf8mb4_0900_ai_ci",
      "   1000.000 ms   +500.000  <-  ERROR 1045 (28000): Access denied for user 'mary'@'localhost' (using password: YES)",
      '   1500.000 ms   +500.000  <-  the server closes',
      '',
      "  The server refused 'mary': ERROR 1045 (28000): Access denied for user 'mary'@'localhost' (using password: YES).",
      '',
      '',
    ])
  })

  it('adds findings with evidence and remedy', () => {
    const text = ladder({ ...refused(), findings: [finding] }, { colour: false, verbose: false })
    assert.match(
      text,
      /The moon is full {2}\[full-moon: decisive, proven\]\n {4}seen: {4}it was seen\n {4}client: {2}Wait\.\n/,
    )
  })

  it('shows every field and the bytes when asked to, secrets blank', () => {
    const text = ladder(refused(), { colour: false, verbose: true })
    assert.match(text, / authAnswer {11}32 bytes\n/)
    assert.match(text, / capabilities +CLIENT_\w+( CLIENT_\w+)*\n/)
    assert.match(text, /0020 {2}6d 61 72 79 00 20 -- -- {2}-- -- /)
  })

  it('colours only when told to', () => {
    assert.ok(!ladder(refused(), { colour: false, verbose: true }).includes('\u001b'))
    assert.ok(ladder(refused(), { colour: true, verbose: false }).includes('\u001b[1m'))
  })

  it('lets nothing that was captured command the terminal or begin a line', () => {
    const text = ladder(fromHostile(), { colour: false, verbose: true })
    assert.doesNotMatch(text, /[^\n\P{Cc}]|\p{Cf}/u)
    assert.doesNotMatch(text, /^"quoted"/m)
    assert.match(text, /\\u\{1b\}\[2J/)
  })
})

describe('the page', () => {
  const page = (report: ReturnType<typeof refused>) =>
    htmlHead() + htmlConnection(report) + htmlFoot({ ok: 0, refused: 1, aborted: 0 })

  it('draws an arrow for each packet and says the verdict, findings and totals', () => {
    const html = page({ ...refused(), findings: [finding] })
    assert.equal(html.match(/class="arrow"/g)?.length, 3)
    assert.equal(html.match(/class="band"/g)?.length, 1)
    for (const part of ['The server refused', 'The moon is full', '1 connection: 0 ok, 1 refused', 'authAnswer']) {
      assert.ok(html.includes(part), part)
    }
    assert.ok(html.includes('<a href="https://example.com/moon"'))
  })

  it('opens what was refused, and keeps shut what went well', () => {
    assert.match(htmlConnection(refused()), /^<details class="connection refused" open>/)
    const ok = reportOf(said.observed(said.greeting(), said.login(), said.ok))
    assert.match(htmlConnection(ok), /^<details class="connection ok">/)
    assert.match(htmlConnection({ ...ok, findings: [finding] }), /^<details class="connection ok" open>/)
  })

  it('holds no script and loads nothing from elsewhere', () => {
    const html = page(refused())
    assert.doesNotMatch(html, /<script|<link|<img|@import|url\(|\bsrc=|\bon\w+=/i)
    assert.match(html, /default-src 'none'/)
  })

  it('keeps what was captured text', () => {
    const html = page(fromHostile())
    assert.doesNotMatch(html, /<script|<b>|href="javascript/i)
    assert.doesNotMatch(html, /[^\n\P{Cc}]|\p{Cf}/u)
    assert.equal((html.match(/<section/g) ?? []).length, (html.match(/<\/section>/g) ?? []).length)
  })
})

describe('hexDump', () => {
  it('says how many bytes it leaves out', () => {
    assert.deepEqual(hexDump('41--0a', 5), [`0000  41 -- 0a${' '.repeat(42)}A-.`, 'and 2 bytes more'])
  })
})

describe('jsonLine', () => {
  it('is JSON on one line that commands no terminal', () => {
    const line = jsonLine({ text: hostile })
    assert.deepEqual(JSON.parse(line), { text: hostile })
    assert.doesNotMatch(line, /\p{Cc}|\p{Cf}/u)
  })
})

describe('visible', () => {
  it('keeps letters of all scripts, and shows what is no character of a line', () => {
    assert.equal(visible('Zoë 名前'), 'Zoë 名前')
    assert.equal(visible('a\nb\u2028'), 'a\\u{a}b\\u{2028}')
  })
})
