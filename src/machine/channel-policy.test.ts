import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Channel } from '../auth/plugin.ts'
import { clientPlugins, plugins } from '../auth/plugins.ts'
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
  const proven = { trust: 'identity' } as const

  it('lets mysql_clear_password run on a secure channel with the opt-in, and nowhere else', () => {
    const allowed = channels.flatMap((channel) =>
      [true, false]
        .filter((opt) => judgeClientChannel(clear, channel, { allowClearPassword: opt, peer: proven }).allowed)
        .map((opt) => `${channel} ${opt}`),
    )
    assert.deepEqual(allowed, ['tls true', 'unix-socket true'])
  })

  it('lets it run over TLS to a server whose name is verified, and to no other', () => {
    for (const trust of ['authority', 'none', 'by-password'] as const) {
      const decision = judgeClientChannel(clear, 'tls', { allowClearPassword: true, peer: { trust } })
      assert.equal(decision.allowed, false, trust)
    }
  })

  it('lets only plugins by which a server can prove its certificate talk to one that has to', () => {
    const peer = { trust: 'by-password' } as const
    const allowed = [...clientPlugins.values()].filter(
      (plugin) => judgeClientChannel(plugin, 'tls', { allowClearPassword: true, peer }).allowed,
    )
    assert.deepEqual(allowed.map(({ name }) => name).toSorted(), ['client_ed25519', 'mysql_native_password', 'parsec'])
  })
})

describe('a plugin that never sends the password in clear', () => {
  it('runs on every channel for both roles, without an opt-in', () => {
    for (const plugin of plugins.values()) {
      if (plugin.secrets === 'sent-in-clear') continue
      for (const channel of channels) {
        const peer = channel === 'tls' ? ({ trust: 'none' } as const) : undefined
        assert.deepEqual(judgeServerChannel(plugin, channel, { allowClearPassword: false }), { allowed: true })
        assert.deepEqual(judgeClientChannel(plugin, channel, { allowClearPassword: false, peer }), { allowed: true })
      }
    }
  })
})
