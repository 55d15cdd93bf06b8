import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { captures } from '../../../test/support/captures.ts'
import { denied, greeting, login, near, observed, observedIn, untested } from '../../../test/support/observations.ts'
import { Observer } from '../observer.ts'
import { findIn, findings } from './index.ts'

describe('findings', () => {
  it('are those of this folder, each named as its file', () => {
    const files = readdirSync(import.meta.dirname).flatMap((file) => /^(?!index)([^.]+)\.ts$/.exec(file)?.[1] ?? [])
    assert.deepEqual(findings.map(({ id }) => id).toSorted(), files.toSorted())
  })

  it('look at something, and say what to do about it', () => {
    for (const { id, onLogin, onProbe, remedy, title, reference } of findings) {
      assert.ok(onLogin !== undefined || onProbe !== undefined, id)
      assert.ok(remedy.client !== undefined || remedy.server !== undefined, id)
      assert.doesNotMatch(title, /[.!?]$/, id)
      assert.match(reference, /^https:\/\/\S+$/, id)
    }
  })

  it('never throw at what can be seen', () => {
    const opened = { client: { address: 'a', port: 1 }, server: { address: 'b', port: 3306 }, startedMs: 0 }
    const [first] = observed(greeting()).packets
    const hello = Buffer.from([first?.payload.length ?? 0, 0, 0, 0, ...(first?.payload ?? [])])
    const chunk = fc.tuple(fc.constantFrom('client' as const, 'server' as const), fc.uint8Array({ maxLength: 64 }))
    fc.assert(
      fc.property(fc.boolean(), fc.array(chunk, { maxLength: 8 }), (greeted, chunks) => {
        const observer = new Observer(opened, { number: 1 })
        if (greeted) observer.onData('server', hello, 0)
        for (const [from, bytes] of chunks) observer.onData(from, bytes, 5)
        observer.onEnd('client', 'fin', 9)
        findIn(observer.finish(), untested)
      }),
    )
  })
})

/** Of what went well in the captures. */
const fine = captures.filter(({ outcome, tls, name }) => outcome === 'OK' && !tls && !/-mc267$|-full-rsa-/.test(name))

describe('findIn', () => {
  it('finds nothing in logins that went well', () => {
    assert.ok(fine.length > 50)
    for (const { name } of fine) assert.deepEqual(findIn(observedIn(name), untested), [], name)
  })

  it('finds something decisive in every login that went wrong', () => {
    for (const { name, outcome, tls } of captures) {
      if (outcome === 'OK' || tls) continue
      const found = findIn(observedIn(name), untested)
      assert.equal(found[0]?.finding.severity, 'decisive', name)
    }
  })

  it('tells what is proven and decides first', () => {
    const seen = observed(greeting(), login(), denied)
    const found = findIn({ ...seen, packets: seen.packets.map((one) => ({ ...one, atMs: one.atMs + 9000 })) }, near({}))
    const told = found.map(({ finding, evidence }) => `${finding.severity} ${evidence.certain}`)
    assert.deepEqual(told, ['decisive true', 'risk false'])
  })
})
