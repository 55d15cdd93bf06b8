import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { saltgate, scratch } from '../../../test/support/cli.ts'
import type { Observation } from '../../doctor/observation.ts'
import { readCapture } from '../trace/capture-source.ts'
import { recordedLogin } from './recorded-login.ts'

const captures = join(import.meta.dirname, '../../../test/vectors/captures')

async function observations(file: string): Promise<Observation[]> {
  const seen: Observation[] = []
  await readCapture({ file: join(captures, file) }, { onSeen: (one) => seen.push(one) })
  return seen
}

describe('a recorded login', () => {
  it('ends with the verdict that the capture has, for every capture', async () => {
    const files = (await readdir(captures)).filter((name) => name.endsWith('.pcap'))
    let verdicts = 0
    for (const file of files) {
      for (const seen of await observations(file)) {
        const { login, results, changes = [] } = recordedLogin(seen)
        if (login === undefined) continue
        const last = (changes.at(-1) ?? { results }).results.at(-1)
        if (seen.outcome === 'ok') assert.equal(last?.is, 'ok', file)
        if (seen.outcome === 'refused' && last?.is === 'err') assert.equal(last.code, seen.error?.code, file)
        verdicts += last?.is === 'ok' || last?.is === 'err' ? 1 : 0
      }
    }
    assert.ok(verdicts > 200, `${verdicts} verdicts`)
  })

  it('has a login for each change of user', async () => {
    const [seen] = await observations('ma1011-changeuser-native-ok-mysql.pcap')
    assert.ok(seen !== undefined)
    const { login, changes = [] } = recordedLogin(seen)
    assert.equal(login?.user, 'nat')
    assert.deepEqual(
      changes.map((change) => change.login.user),
      ['changer'],
    )
  })
})

describe('saltgate gateway --replay', () => {
  it('says what the hooks decide, and nothing of credentials', async () => {
    const home = scratch()
    try {
      const config = join(home.path, 'hooks.config.ts')
      const hooks = `{
        readAuth: ({ user }) => ({ do: 'go', as: { user: 'reader', credential: { password: 'hidden-one' } } }),
        changeUser: ({ user }) => ({ do: 'refuse', code: 1045, detail: 'not as ' + user }),
      }`
      const text = `export default { gateway: { to: ['mysql://127.0.0.1:3306'], hooks: ${hooks} } }`
      await writeFile(config, text, { mode: 0o600 })
      const capture = join(captures, 'ma1011-changeuser-native-ok-mysql.pcap')
      const told = await saltgate(['gateway', '--config', config, '--replay', capture], { cwd: home.path })
      assert.equal(told.code, 0, told.stderr)
      assert.match(told.stdout, /^connection 1 from 127\.0\.0\.1:\d+, user 'nat'$/m)
      assert.match(told.stdout, /^ {4}readAuth +go \{"as":"reader"\}$/m)
      assert.match(told.stdout, /^ {4}changeUser +refuses: .*\(not as changer\)$/m)
      assert.ok(!told.stdout.includes('hidden-one'))
      const without = await saltgate(['gateway', '--to', 'mysql://127.0.0.1:3306', '--replay', capture], {
        cwd: home.path,
      })
      assert.equal(without.code, 2)
      assert.match(without.stderr, /--replay: the configuration has no hooks/)
    } finally {
      home[Symbol.dispose]()
    }
  })
})
