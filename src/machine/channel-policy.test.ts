import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Channel } from '../auth/plugin.ts'
import { plugins } from '../auth/plugins.ts'
import { judgeClientChannel, judgeServerChannel } from './channel-policy.ts'

const channels: readonly Channel[] = ['plaintext', 'tls', 'unix-socket']
const clear = plugins.get('mysql_clear_password')!

describe('judgeServerChannel', () => {
  it('lets mysql_clear_password run on a secure channel where clear passwords are allowed, and nowhere else', () => {
    const decisions = channels.flatMap((channel) =>
      [true, false].map((allowClearPassword) => {
        const decision = judgeServerChannel(clear, channel, { allowClearPassword })
        return `${channel} ${allowClearPassword} ${decision.allowed || decision.reason}`
      }),
    )
    assert.deepEqual(decisions, [
      'plaintext true insecure-channel',
      'plaintext false plugin-unknown',
      'tls true true',
      'tls false plugin-unknown',
      'unix-socket true true',
      'unix-socket false plugin-unknown',
    ])
  })
})

describe('judgeClientChannel', () => {
  it('lets mysql_clear_password run on a secure channel with the opt-in, and nowhere else', () => {
    const allowed = channels.flatMap((channel) =>
      [true, false]
        .filter((opt) => judgeClientChannel(clear, channel, { allowClearPassword: opt }).allowed)
        .map(() => channel),
    )
    assert.deepEqual(allowed, ['tls', 'unix-socket'])
    assert.equal(judgeClientChannel(clear, 'tls', { allowClearPassword: false }).allowed, false)
  })
})

describe('every other plugin', () => {
  it('runs on every channel for both roles, without an opt-in', () => {
    for (const plugin of plugins.values()) {
      if (plugin === clear) continue
      for (const channel of channels) {
        assert.deepEqual(judgeServerChannel(plugin, channel, { allowClearPassword: false }), { allowed: true })
        assert.deepEqual(judgeClientChannel(plugin, channel, { allowClearPassword: false }), { allowed: true })
      }
    }
  })
})
