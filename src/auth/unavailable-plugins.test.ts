import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientError } from '../errors/errors.ts'
import { clientPlugins } from './plugins.ts'
import { refusals } from './refused-plugins.ts'
import { unavailablePlugins, whyUnavailable } from './unavailable-plugins.ts'

describe('whyUnavailable', () => {
  it('says what is missing and what to do instead, in words that continue a sentence', () => {
    for (const [name, why] of unavailablePlugins) {
      assert.match(why, /^[a-z].*[,;:] .*[^.]$/, name)
      assert.ok(clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', name, whyUnavailable(name)).message.endsWith(`: ${why}`))
    }
  })

  it('knows every plugin that MySQL and MariaDB name and no client half is written for', () => {
    for (const name of refusals.keys()) assert.ok(unavailablePlugins.has(name), name)
    for (const name of unavailablePlugins.keys()) assert.ok(!clientPlugins.has(name), name)
  })

  it('T60 has a word for names that nobody knows, and does not find them in a prototype', () => {
    for (const name of ['', 'constructor', '__proto__', 'my_own_plugin']) {
      assert.match(whyUnavailable(name), /^this client does not know it/)
    }
  })
})
