import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ConfigurationError } from '../errors/errors.ts'
import { loadConfig } from './config.ts'
import { Settings } from './settings.ts'

describe('loadConfig', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'saltgate-config-'))
  })
  after(() => rm(root, { recursive: true }))

  /** A fresh directory with one configuration file. */
  async function withFile(name: string, content: string): Promise<{ directory: string; file: string }> {
    const directory = await mkdtemp(join(root, 'case-'))
    const file = join(directory, name)
    await writeFile(file, content)
    return { directory, file }
  }

  async function failure(name: string, content: string, set: readonly string[] = []): Promise<string> {
    const { directory, file } = await withFile(name, content)
    const error = await loadConfig({ directory, set }).then(
      () => assert.fail('loaded'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof ConfigurationError, String(error))
    assert.ok(!error.message.includes('\n'), error.message)
    return error.message.replace(file, 'FILE')
  }

  it('has defaults without a file', async () => {
    const directory = await mkdtemp(join(root, 'none-'))
    const config = await loadConfig({ directory })
    assert.equal(config.file, undefined)
    assert.deepEqual(config.listen, ['127.0.0.1:3307'])
    assert.equal(config.data, join(directory, 'saltgate-data'))
    assert.deepEqual(config.tls, {})
    assert.deepEqual(Object.keys(config.settings), [])
  })

  const module = `
    export default {
      listen: ['127.0.0.1:0', '[::1]:0', '/tmp/x.sock'],
      data: 'd',
      settings: { connect_timeout: 3, max_allowed_packet: '16M', skip_name_resolve: true },
      databases: ['shop'],
      tls: { cert: 'c.pem', key: '/k.pem' },
      onQuery: () => [],
    }`
  const typed = module.replace(
    'export default {',
    'interface Any { x: number }\nexport const any: Any = { x: 1 }\nexport default {',
  )

  for (const [name, content] of [
    ['saltgate.config.ts', typed],
    ['saltgate.config.mjs', module],
  ] as const) {
    it(`loads ${name}, with paths from its directory`, async () => {
      const { directory, file } = await withFile(name, content)
      const config = await loadConfig({ directory })
      assert.equal(config.file, file)
      assert.deepEqual(config.listen, ['127.0.0.1:0', '[::1]:0', '/tmp/x.sock'])
      assert.equal(config.data, join(directory, 'd'))
      const tls = { cert: join(directory, 'c.pem'), key: '/k.pem' }
      assert.deepEqual(config.tls, tls)
      assert.deepEqual(
        { ...config.settings },
        {
          ...{ connect_timeout: 3, max_allowed_packet: '16M', skip_name_resolve: true },
          ...{ ssl_cert: tls.cert, ssl_key: tls.key },
        },
      )
      assert.equal(typeof config.onQuery, 'function')
    })
  }

  it('loads JSON, and a file named by the caller', async () => {
    const { directory } = await withFile('other.json', '{ "databases": ["a"] }')
    assert.deepEqual((await loadConfig({ directory, file: 'other.json' })).databases, ['a'])
    assert.deepEqual((await loadConfig({ directory })).databases, [])
  })

  it('lets --set win over the file, by whichever spelling', async () => {
    const { directory } = await withFile('saltgate.config.json', '{ "settings": { "connect-timeout": 3 } }')
    const { settings } = await loadConfig({
      directory,
      set: ['CONNECT_TIMEOUT=4', 'version_comment=a=b', 'ssl_cipher='],
    })
    assert.deepEqual({ ...settings }, { connect_timeout: '4', version_comment: 'a=b', ssl_cipher: '' })
    assert.equal(new Settings(settings).get('connect_timeout'), 4)
  })

  it('takes certificates from tls or from the variables, which win, as absolute paths in both places', async () => {
    const file = join(root, 'tls.json')
    await writeFile(file, '{ "tls": { "cert": "a.pem", "key": "a.key" }, "settings": { "ssl_cert": "b.pem" } }')
    const { tls, settings } = await loadConfig({ directory: root, file, set: ['ssl-ca=/ca.pem'] })
    assert.deepEqual(tls, { cert: join(root, 'b.pem'), key: join(root, 'a.key'), ca: '/ca.pem' })
    assert.deepEqual({ ...settings }, { ssl_cert: tls.cert, ssl_key: tls.key, ssl_ca: tls.ca })
  })

  it('reads a file that has changed since the last time', async () => {
    const file = join(root, 'changing.ts')
    for (const data of ['one', 'two']) {
      await writeFile(file, `export default { data: '${data}' as string }`)
      assert.equal((await loadConfig({ directory: root, file })).data, join(root, data))
    }
  })

  it('names an unknown key by its path, with the nearest known one', async () => {
    assert.equal(
      await failure('saltgate.config.mjs', 'export default { lisen: [] }'),
      "FILE: unknown key 'lisen'; did you mean 'listen'?",
    )
    assert.match(
      await failure('saltgate.config.json', '{ "tls": { "certificat": "x" } }'),
      /^FILE: unknown key 'tls\.certificat': known are cert, key, ca$/,
    )
    assert.equal(
      await failure('saltgate.config.json', '{ "settings": { "max_conections": 5 } }'),
      "FILE: settings.max_conections: unknown system variable 'max_conections'; did you mean 'max_connections'?",
    )
  })

  it('names the place of a wrong value', async () => {
    assert.match(await failure('saltgate.config.json', '{ "data": 5 }'), /^FILE: data: /)
    assert.match(
      await failure('saltgate.config.json', '{ "listen": ["1.2.3.4:1", "nope"] }'),
      /^FILE: listen\.1: cannot listen on 'nope'/,
    )
    assert.match(
      await failure('saltgate.config.json', '{ "settings": { "connect_timeout": "soon" } }'),
      /^FILE: settings\.connect_timeout: connect_timeout cannot be 'soon'/,
    )
    assert.match(await failure('saltgate.config.json', '{ "onQuery": 1 }'), /^FILE: onQuery: must be a function/)
    assert.match(await failure('saltgate.config.json', '[]'), /^FILE: the configuration: /)
  })

  it('names the wrong --set', async () => {
    assert.equal(
      await failure('saltgate.config.json', '{}', ['connect_timeout']),
      '--set connect_timeout: write --set VARIABLE=VALUE',
    )
    assert.match(
      await failure('saltgate.config.json', '{}', ['conect_timeout=1']),
      /^--set conect_timeout: .*did you mean 'connect_timeout'/,
    )
  })

  it('refuses __proto__ wherever it stands, and pollutes nothing', async () => {
    for (const content of [
      '{"__proto__":{"tls":"off"}}',
      '{"settings":{"__proto__":{"offline_mode":true}}}',
      '{"tls":{"__proto__":{"cert":"x"}}}',
    ]) {
      assert.match(await failure('saltgate.config.json', content), /^FILE: unknown key '.*__proto__': remove it$/)
    }
    assert.match(
      await failure('saltgate.config.json', '{"settings":{"constructor":1}}'),
      /unknown system variable 'constructor'/,
    )
    assert.match(await failure('saltgate.config.json', '{}', ['__proto__=1']), /unknown system variable '__proto__'/)
    assert.equal(Object.hasOwn(Object.prototype, 'tls') || Object.hasOwn(Object.prototype, 'offline_mode'), false)
  })

  for (const [name, content, line] of [
    ['saltgate.config.ts', 'export default {\n a: 1\n b: 2 }\n', 3],
    ['saltgate.config.ts', '\nenum A { B }\nexport default {}\n', 2],
    ['saltgate.config.mjs', 'export default {\n  listen: [\n  data: "x"\n}\n', 3],
    ['saltgate.config.json', '{ "data": "x",\n "listen": }', 2],
    ['saltgate.config.json', '{ "data": "x",\n\n}', 3],
    ['saltgate.config.ts', 'const a: number = 1\nthrow new Error("boom")\n', 2],
  ] as const) {
    it(`names line ${line} of ${name} that fails there: ${JSON.stringify(content)}`, async () => {
      assert.ok((await failure(name, content)).startsWith(`FILE:${line}: `), await failure(name, content))
    })
  }

  it('says what is wrong with a file that is missing, exports nothing, or imports what is not there', async () => {
    assert.match(
      await failure('saltgate.config.mjs', 'const a = 1'),
      /^FILE: nothing is exported: write export default/,
    )
    assert.match(await failure('saltgate.config.mjs', 'import "no-such-package"'), /no-such-package/)
    await assert.rejects(loadConfig({ directory: root, file: 'missing.ts' }), /missing\.ts: cannot be read \(ENOENT\)/)
  })
})
