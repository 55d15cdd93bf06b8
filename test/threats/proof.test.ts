/** Threats to the check of the proof itself: nothing but the right one gets in, over real sockets. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { bitFlips, oddLengths } from '../support/auth-dialogues.ts'
import { everyPlugin, openDoor } from './open-door.ts'
import { type Credentials, Stranger, type Verdict } from './stranger.ts'

const denied = 1045
/** A proof of the native plugin that is no scramble is a bad handshake, for mysqld as for us. */
const refusals: readonly number[] = [denied, 1043]
const withClear = { saltgate_allow_clear_password: true }

/** One login on a connection of its own. */
async function attempt(port: number, credentials: Credentials, tls = false): Promise<Verdict> {
  const stranger = await Stranger.greeted(port)
  try {
    if (tls) await stranger.startTls()
    return await stranger.login(credentials)
  } finally {
    stranger.destroy()
  }
}

/** Runs all attempts, some at a time; returns those that got in. */
async function whoGotIn<T>(attempts: Iterable<T>, run: (one: T) => Promise<Verdict>): Promise<T[]> {
  const gotIn: T[] = []
  const queue = attempts[Symbol.iterator]()
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const verdict = await run(next.value)
      if (verdict.ok) gotIn.push(next.value)
      else assert.ok(refusals.includes(verdict.code), JSON.stringify(verdict))
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return gotIn
}

describe('the proof', () => {
  it('T01 no bit flip and no random, constant or reversed proof passes for the right one', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    assert.deepEqual(await attempt(port, { user: 'sha2', password: 'pw-sha2' }), { ok: true })
    const forgeries: ((proof: Buffer) => Uint8Array)[] = [
      (proof) => proof.toReversed(),
      (proof) => proof.map((byte) => byte ^ 0xff),
      (proof) => Buffer.alloc(proof.length, 0),
      (proof) => Buffer.alloc(proof.length, 0xff),
      (proof) => proof.map((byte, i) => (i === 0 ? byte : 0)),
      ...Array.from({ length: 256 }, () => (proof: Buffer) => randomBytes(proof.length)),
    ]
    for (const [user, bits] of [
      ['native', 160],
      ['sha2', 256],
    ] as const) {
      const flips = Array.from({ length: bits }, (_, i) => (proof: Buffer) => bitFlips(proof)[i] as Uint8Array)
      const plugin = user === 'native' ? 'mysql_native_password' : 'caching_sha2_password'
      const length = bits / 8
      const gotIn = await whoGotIn([...flips, ...forgeries], (forge) =>
        // Only the scramble is forged: full authentication behind it gets a wrong password.
        attempt(port, {
          user,
          password: `pw-${user}`,
          plugin,
          forge: (proof) => (proof.length === length ? forge(proof) : randomBytes(proof.length)),
        }),
      )
      assert.deepEqual(gotIn, [], user)
      const unforged = { user, password: `pw-${user}`, plugin, forge: (proof: Buffer) => proof }
      assert.deepEqual(await attempt(port, unforged), { ok: true }, user)
    }
  })

  it('T02 only the exact length of a proof passes, in a login, after a switch and in COM_CHANGE_USER', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin, settings: withClear })
    assert.deepEqual(await attempt(port, { user: 'sha2', password: 'pw-sha2' }), { ok: true })
    const resized = (length: number) => (proof: Buffer) => {
      const wanted = Buffer.alloc(length)
      proof.copy(wanted)
      return wanted
    }
    const cases = [
      { user: 'native', greeted: 'caching_sha2_password', right: 20 },
      { user: 'sha2', greeted: 'caching_sha2_password', right: 32 },
      { user: 'sha2', greeted: 'mysql_native_password', right: 32 },
    ].flatMap((one) => oddLengths.filter((length) => length < 65_535).map((length) => ({ ...one, length })))
    // The scramble is resized; a password that is asked for afterwards is a wrong one.
    const credentials = ({ user, greeted, right, length }: (typeof cases)[number]): Credentials => ({
      user,
      password: `pw-${user}`,
      plugin: greeted,
      forge: (proof, plugin) =>
        plugin.includes(user === 'native' ? 'native' : 'sha2') && proof.length === right
          ? resized(length)(proof)
          : Buffer.alloc(proof.length),
    })
    const gotIn = await whoGotIn(cases, (one) => attempt(port, credentials(one)))
    assert.deepEqual(
      gotIn.map(({ user, length }) => `${user} ${length}`),
      ['native 20', 'sha2 32', 'sha2 32'],
    )
    const changed = await whoGotIn(
      cases.filter(({ length }) => length < 256),
      async (one) => {
        const session = await Stranger.loggedIn(port, { user: 'sha2', password: 'pw-sha2' })
        const verdict = await session.changeUser(credentials(one))
        session.destroy()
        return verdict
      },
    )
    assert.deepEqual(
      changed.map(({ user, length }) => `${user} ${length}`),
      ['native 20', 'sha2 32', 'sha2 32'],
    )
  })

  it('T02 no prefix of a password, and no password with more behind it, passes where the password itself is sent', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin, settings: withClear })
    const cases = ['sha256', 'sha2', 'clear'].flatMap((user) => {
      const right = `pw-${user}`
      const texts = [
        ...Array.from(right, (_, i) => `${right.slice(0, i)}\0`),
        `${right}\0\0`,
        `${right}\0more\0`,
        `\0${right}\0`,
        `${right}x\0`,
        `${right.repeat(40)}\0`,
        'A'.repeat(300),
        'A'.repeat(30_000),
        // Trilogy leaves the NUL out of a clear password, and only there.
        ...(user === 'clear' ? [] : [right]),
      ]
      return texts.map((text) => ({ user, text: Buffer.from(text) }))
    })
    const gotIn = await whoGotIn(cases, ({ user, text }) =>
      attempt(
        port,
        {
          user,
          password: `pw-${user}`,
          forge: (proof, plugin) =>
            plugin === 'caching_sha2_password' && proof.length === 32 ? Buffer.alloc(32) : text,
        },
        true,
      ),
    )
    assert.deepEqual(gotIn, [])
    for (const user of ['sha256', 'sha2', 'clear']) {
      assert.deepEqual(await attempt(port, { user, password: `pw-${user}` }, true), { ok: true }, user)
    }
  })

  it('T03 an empty answer opens only an account without a password, whatever its form and channel', async (t) => {
    const path = `/tmp/saltgate-threats-${process.pid}.sock`
    const { port } = await openDoor(t, {
      listen: ['127.0.0.1:0', path],
      accounts: [...everyPlugin, { user: 'empty', password: '' }, { user: 'locked', password: '', locked: true }],
      settings: withClear,
    })
    const forms = [0, 1, 20, 32].map((length) => Buffer.alloc(length))
    const users = ['native', 'sha2', 'sha256', 'clear', 'root', 'nobody', 'locked', 'empty']
    const gotIn: string[] = []
    for (const user of users) {
      for (const form of forms) {
        for (const channel of ['plain', 'tls', 'socket'] as const) {
          const stranger = await Stranger.greeted(channel === 'socket' ? path : port)
          if (channel === 'tls') await stranger.startTls()
          const verdict = await stranger.login({ user, forge: () => form })
          if (verdict.ok) gotIn.push(`${user} ${form.length} ${channel}`)
          stranger.destroy()
        }
      }
    }
    assert.deepEqual(
      gotIn,
      [0, 1].flatMap((length) => ['plain', 'tls', 'socket'].map((channel) => `empty ${length} ${channel}`)),
    )
  })

  it('T04 a stored credential is no password, and passwords that look like one are only passwords', async (t) => {
    const looks = ['*', '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29', '$A$005$', '$5$rounds=5000$abc', '$A$']
    const plugins = ['mysql_native_password', 'caching_sha2_password', 'sha256_password'] as const
    const accounts = new MemoryAccounts([
      ...everyPlugin.filter(({ user }) => user !== 'clear'),
      ...plugins.flatMap((plugin, p) => looks.map((password, i) => ({ user: `looks${p}${i}`, plugin, password }))),
    ])
    const { port } = await openDoor(t, { accounts })
    const stored = accounts.list().map(({ user, authString }) => ({ user, password: authString }))
    assert.deepEqual(await whoGotIn(stored, (one) => attempt(port, one)), [])
    for (const [p] of plugins.entries()) {
      for (const [i, password] of looks.entries()) {
        assert.deepEqual(
          await attempt(port, { user: `looks${p}${i}`, password }),
          { ok: true },
          `${plugins[p]} ${password}`,
        )
      }
    }
  })

  it('T04 the digest that the server stores or remembers is no proof', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    assert.deepEqual(await attempt(port, { user: 'sha2', password: 'pw-sha2' }), { ok: true })
    const sha = (algorithm: string, data: Uint8Array) => createHash(algorithm).update(data).digest()
    const verdicts = [
      await attempt(port, {
        user: 'native',
        plugin: 'mysql_native_password',
        forge: () => sha('sha1', sha('sha1', Buffer.from('pw-native'))),
      }),
      await attempt(port, { user: 'sha2', forge: () => sha('sha256', sha('sha256', Buffer.from('pw-sha2'))) }),
    ]
    for (const verdict of verdicts) assert.equal(!verdict.ok && verdict.code, denied)
  })

  it('T06 a recorded proof is worth nothing on another connection, after a switch or in COM_CHANGE_USER', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    assert.deepEqual(await attempt(port, { user: 'sha2', password: 'pw-sha2' }), { ok: true })
    for (const [user, plugin] of [
      ['native', 'mysql_native_password'],
      ['sha2', 'caching_sha2_password'],
    ] as const) {
      let recorded: Buffer = Buffer.alloc(0)
      const record = (proof: Buffer) => {
        recorded = proof
        return proof
      }
      const replay = (proof: Buffer) => (proof.length === recorded.length ? recorded : randomBytes(proof.length))
      const session = await Stranger.greeted(port)
      assert.deepEqual(await session.login({ user, password: `pw-${user}`, plugin, forge: record }), { ok: true })
      const replayed = await whoGotIn([plugin, 'sha256_password'], (first) =>
        attempt(port, { user, password: `pw-${user}`, plugin: first, forge: replay }),
      )
      assert.deepEqual(replayed, [], user)
      const again = await session.changeUser({ user, password: `pw-${user}`, plugin, forge: replay })
      assert.equal(!again.ok && again.code, denied, `${user} in COM_CHANGE_USER`)
      session.destroy()
    }
  })

  it('T06 10,000 greetings have 10,000 nonces, of 20 bytes that a client can read as text', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    const seen = new Set<string>()
    const one = async () => {
      for (let i = 0; i < 625; i++) {
        const stranger = await Stranger.greeted(port)
        const { nonce } = stranger.greeting
        assert.ok(nonce.length === 20 && nonce.every((byte) => byte > 0 && byte < 0x80 && byte !== 0x24))
        seen.add(nonce.toString('hex'))
        stranger.destroy()
      }
    }
    await Promise.all(Array.from({ length: 16 }, one))
    assert.equal(seen.size, 10_000)
  })

  it('T07 a sealed password that does not open is answered byte for byte like a wrong one', async (t) => {
    const { port } = await openDoor(t, {
      accounts: everyPlugin.filter(({ user }) => user.startsWith('sha')),
    })
    const answers = new Map<string, Set<string>>()
    for (const user of ['sha2', 'sha256', 'nobody']) {
      for (const spoil of [
        (sealed: Buffer) => sealed,
        (sealed: Buffer) => Buffer.alloc(sealed.length),
        (sealed: Buffer) => Buffer.alloc(sealed.length, 0xff),
        (sealed: Buffer) => randomBytes(sealed.length),
        (sealed: Buffer) => sealed.with(-1, (sealed.at(-1) as number) ^ 1),
        (sealed: Buffer) => sealed.subarray(1),
        (sealed: Buffer) => Buffer.concat([sealed, Buffer.alloc(1)]),
      ]) {
        const stranger = await Stranger.greeted(port)
        await stranger.login({
          user,
          password: 'wrong',
          forge: (proof) => (proof.length === 256 ? spoil(proof) : proof),
        })
        const last = Buffer.concat(stranger.received).subarray(-80).toString('latin1')
        const answer = last.slice(last.indexOf('#28000'))
        answers.set(user, (answers.get(user) ?? new Set()).add(answer))
        stranger.destroy()
      }
    }
    assert.deepEqual(
      [...answers].map(([user, texts]) => [user, [...texts]]),
      ['sha2', 'sha256', 'nobody'].map((user) => [
        user,
        [`#28000Access denied for user '${user}'@'localhost' (using password: YES)`],
      ]),
    )
  })

  it('T09 a retained password opens while it is retained, and never instead of the current one', async (t) => {
    const accounts = new MemoryAccounts(everyPlugin)
    const current = accounts.read('sha2', '%')
    const other = new MemoryAccounts([{ user: 'x', password: 'old' }]).read('x', '%')
    assert.ok(current && other)
    const { port } = await openDoor(t, { accounts })
    accounts.transact((edit) => edit.put({ ...current, retainedAuthString: other.authString }))
    for (const password of ['old', 'old', 'pw-sha2', 'pw-sha2', 'old']) {
      assert.deepEqual(await attempt(port, { user: 'sha2', password }), { ok: true }, password)
    }
    const halves = ['', 'oldpw-sha2', 'pw-sha2old']
    assert.deepEqual(await whoGotIn(halves, (password) => attempt(port, { user: 'sha2', password })), [])
    accounts.transact((edit) => edit.put({ ...current, retainedAuthString: undefined }))
    assert.deepEqual(await whoGotIn(['old'], (password) => attempt(port, { user: 'sha2', password })), [])
    assert.deepEqual(await attempt(port, { user: 'sha2', password: 'pw-sha2' }), { ok: true })
  })
})

describe('the account behind the proof', () => {
  it('T11 the account that is checked is the most specific one, in whatever order accounts were made', async (t) => {
    const rows = [
      { user: 'u', host: '127.0.0.1', password: 'address' },
      { user: 'u', host: '127.0.0.0/255.255.255.0', password: 'network' },
      { user: 'u', host: '127.%', password: 'pattern' },
      { user: 'u', host: '%', password: 'anywhere' },
      { user: '', host: '127.0.0.2', password: 'anonymous' },
    ]
    for (const accounts of [rows, rows.toReversed()]) {
      const { port } = await openDoor(t, { accounts, settings: { skip_name_resolve: true } })
      const from = async (localAddress: string) => {
        const opened: string[] = []
        for (const { password } of rows) {
          const stranger = await Stranger.greeted(port, localAddress)
          if ((await stranger.login({ user: 'u', password })).ok) opened.push(password)
          stranger.destroy()
        }
        return opened
      }
      assert.deepEqual(await from('127.0.0.1'), ['address'])
      assert.deepEqual(await from('127.0.0.2'), ['anonymous'])
      assert.deepEqual(await from('127.0.0.3'), ['network'])
      assert.deepEqual(await from('127.1.1.1'), ['pattern'])
    }
  })

  it('T11 a name that is too long is refused, never cut to one that exists', async (t) => {
    const user = 'u'.repeat(32)
    const { port } = await openDoor(t, { accounts: [{ user, password: 'x' }] })
    assert.deepEqual(await attempt(port, { user, password: 'x' }), { ok: true })
    const longer = [33, 48, 80, 255, 256, 30_000].map((length) => 'u'.repeat(length))
    assert.deepEqual(await whoGotIn(longer, (name) => attempt(port, { user: name, password: 'x' })), [])
  })

  it('T12 who logs in through an anonymous account stays who they said, with the rights of that account only', async (t) => {
    const seen: string[] = []
    const { port } = await openDoor(t, {
      accounts: [
        { user: '', host: '%', password: 'guest' },
        { user: 'root', host: '10.0.0.1', password: 'pw-root' },
      ],
      onQuery: (_, { user, account, record }) => {
        seen.push(`${user} ${account.user}@${account.host} ${record.accountName} ${account.privileges.size}`)
        return []
      },
    })
    const session = await Stranger.loggedIn(port, { user: 'root', password: 'guest' })
    await session.run(3, 'SELECT CURRENT_USER()')
    session.destroy()
    assert.deepEqual(seen, ['root @% @% 0'])
  })
})
