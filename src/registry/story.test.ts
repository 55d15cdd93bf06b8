import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { doorPhases, Story } from './story.ts'

describe('Story', () => {
  it('tells what was said and waited for, in order and with its times', () => {
    const story = new Story()
    story.enter('accepted', 100)
    story.say('server', 'HandshakeV10', 78, 100.25)
    story.enter('login', 100.25)
    story.say('client', 'HandshakeResponse41', 190, 103)
    story.say('server', 'AuthSwitchRequest', 44, 103.5, 'mysql_native_password')
    story.say('server', 'Ok', 7, 104)
    assert.deepEqual(story.steps(), [
      { atMs: 100, is: 'phase', phase: 'accepted' },
      { atMs: 100.25, is: 'packet', from: 'server', kind: 'HandshakeV10', bytes: 78, note: undefined },
      { atMs: 100.25, is: 'phase', phase: 'login' },
      { atMs: 103, is: 'packet', from: 'client', kind: 'HandshakeResponse41', bytes: 190, note: undefined },
      {
        ...{ atMs: 103.5, is: 'packet', from: 'server', kind: 'AuthSwitchRequest', bytes: 44 },
        note: 'mysql_native_password',
      },
      { atMs: 104, is: 'packet', from: 'server', kind: 'Ok', bytes: 7, note: undefined },
    ])
    assert.equal(story.durationMs, 4)
  })

  it('knows every phase that a connection can be in, and how long each that was left lasted', () => {
    const story = new Story()
    for (const [i, phase] of doorPhases.entries()) story.enter(phase, i * i)
    const told: [string, number][] = []
    story.eachPhase((phase, ms) => told.push([phase, ms]))
    assert.deepEqual(
      told,
      doorPhases.slice(0, -1).map((phase, i) => [phase, 2 * i + 1]),
    )
  })

  it('is bounded, however long a client goes on', () => {
    const story = new Story()
    for (let i = 0; i < 1000; i++) story.say('client', 'AuthAnswer', 20, i)
    assert.equal(story.steps().length, 96)
  })

  it('is the same in another process', () => {
    const story = new Story()
    story.enter('accepted', 1.5)
    story.say('server', 'AuthNextFactor', 30, 2, 'caching_sha2_password')
    assert.deepEqual(Story.fromData(structuredClone(story.toData())).steps(), story.steps())
  })
})
