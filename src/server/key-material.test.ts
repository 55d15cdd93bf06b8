import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ConfigurationError } from '../errors/errors.ts'
import { loadKeyMaterial } from './key-material.ts'

const allFiles = ['ca-key.pem', 'ca.pem', 'private_key.pem', 'public_key.pem', 'server-cert.pem', 'server-key.pem']

describe('loadKeyMaterial', () => {
  let root: string
  let made: string

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'saltgate-keys-'))
    made = join(root, 'made')
    await loadKeyMaterial({ dataDir: made })
  })
  after(() => rm(root, { recursive: true }))

  /** A copy of the made files that a test may spoil. */
  async function spoiled(name: string, change: (path: (file: string) => string) => Promise<unknown>): Promise<string> {
    const dir = await mkdtemp(join(root, `${name}-`))
    for (const file of allFiles) await writeFile(join(dir, file), await readFile(join(made, file)), { mode: 0o600 })
    await change((file) => join(dir, file))
    return dir
  }

  it('makes the whole set on the first start, keys readable by the owner only, and no temporary file stays', async () => {
    assert.deepEqual((await readdir(made)).sort(), allFiles)
    for (const file of ['ca-key.pem', 'server-key.pem', 'private_key.pem']) {
      assert.equal((await stat(join(made, file))).mode & 0o777, 0o600, file)
    }
  })

  it('loads the same material on the second start and changes no file', async () => {
    const before = await Promise.all(allFiles.map((file) => stat(join(made, file))))
    const first = await loadKeyMaterial({ dataDir: made })
    const second = await loadKeyMaterial({ dataDir: made })
    assert.equal(second.cert, first.cert)
    assert.ok(second.key.equals(first.key))
    assert.equal((await second.rsa()).publicKey, await readFile(join(made, 'public_key.pem'), 'utf8'))
    assert.deepEqual(second.warnings, [])
    const later = await Promise.all(allFiles.map((file) => stat(join(made, file))))
    assert.deepEqual(
      later.map((file) => file.mtimeMs),
      before.map((file) => file.mtimeMs),
    )
  })

  it('issues a version 3 server certificate for this host that its own CA signed', async () => {
    const { cert, ca, key } = await loadKeyMaterial({ dataDir: made })
    const leaf = new X509Certificate(cert)
    const issuer = new X509Certificate(ca ?? '')
    assert.ok(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey) && leaf.checkPrivateKey(key))
    assert.equal(issuer.ca, true)
    assert.equal(leaf.ca, false)
    for (const name of ['localhost', hostname()]) assert.ok(leaf.checkHost(name), name)
    for (const address of ['127.0.0.1', '::1']) assert.ok(leaf.checkIP(address), address)
    assert.ok(Date.parse(leaf.validTo) - Date.now() > 3650 * 86_400_000)
  })

  it('serves the public key as 451 bytes of SPKI PEM, as mysqld does', async () => {
    const { publicKey } = await (await loadKeyMaterial({ dataDir: made })).rsa()
    assert.equal(publicKey.length, 451)
    assert.match(publicKey, /^-----BEGIN PUBLIC KEY-----\n/)
  })

  it('keeps everything in memory without a data directory, and makes one RSA pair only', async () => {
    const material = await loadKeyMaterial({})
    const [one, two] = await Promise.all([material.rsa(), material.rsa()])
    assert.equal(one, two)
    assert.notEqual(material.cert, (await loadKeyMaterial({})).cert)
  })

  it('shows no private key when printed or serialised', async () => {
    const material = await loadKeyMaterial({ dataDir: made })
    const shown = inspect(material, { depth: 9, showHidden: true }) + JSON.stringify(material)
    const secret = (await readFile(join(made, 'server-key.pem'), 'utf8')).split('\n')[1] ?? ''
    assert.ok(secret.length > 40 && !shown.includes(secret))
    assert.doesNotMatch(shown, /BEGIN (RSA |EC )?PRIVATE/)
  })

  it('works on without ca-key.pem, which a careful operator moves away', async () => {
    const dir = await spoiled('no-ca-key', (path) => rm(path('ca-key.pem')))
    await loadKeyMaterial({ dataDir: dir })
    assert.ok(!(await readdir(dir)).includes('ca-key.pem'))
  })

  for (const file of ['ca.pem', 'server-cert.pem', 'server-key.pem', 'private_key.pem', 'public_key.pem']) {
    it(`stops when ${file} is missing from its set, and makes nothing`, async () => {
      const dir = await spoiled('half', (path) => rm(path(file)))
      await assert.rejects(loadKeyMaterial({ dataDir: dir }), namesTheFile(join(dir, file)))
      assert.ok(!(await readdir(dir)).includes(file))
    })

    it(`stops when ${file} is broken, without quoting it`, async () => {
      const dir = await spoiled('broken', (path) => writeFile(path(file), 'CANARY not a pem'))
      await assert.rejects(loadKeyMaterial({ dataDir: dir }), (error: Error) => {
        assert.doesNotMatch(inspect(error), /CANARY/)
        return namesTheFile(join(dir, file))(error)
      })
      assert.equal(await readFile(join(dir, file), 'utf8'), 'CANARY not a pem')
    })
  }

  it('stops when key and certificate do not belong together', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const dir = await spoiled('mismatch', (path) =>
      writeFile(path('server-key.pem'), other.export({ type: 'pkcs8', format: 'pem' })),
    )
    await assert.rejects(loadKeyMaterial({ dataDir: dir }), namesTheFile(join(dir, 'server-key.pem')))
  })

  it('stops for a key with a passphrase and says how to remove it', async () => {
    const locked = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey
    const dir = await spoiled('locked', (path) => writeFile(path('server-key.pem'), locked))
    await assert.rejects(loadKeyMaterial({ dataDir: dir }), /passphrase: store it without one/)
  })

  it('refuses an RSA key that is too short to be safe', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const dir = await spoiled('short', (path) =>
      writeFile(path('private_key.pem'), short.export({ type: 'pkcs8', format: 'pem' })),
    )
    await assert.rejects(loadKeyMaterial({ dataDir: dir }), /at least 2048 bits/)
  })

  it('warns of a private key that others can read', { skip: process.platform === 'win32' }, async () => {
    const dir = await spoiled('open', async (path) => {
      const content = await readFile(path('server-key.pem'))
      await rm(path('server-key.pem'))
      await writeFile(path('server-key.pem'), content, { mode: 0o644 })
    })
    const { warnings } = await loadKeyMaterial({ dataDir: dir })
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /chmod 600 .*server-key\.pem/)
  })

  it('takes a given certificate instead of making one, and then asks no client for a certificate', async () => {
    const dir = join(root, 'given')
    const sslCert = join(made, 'server-cert.pem')
    const material = await loadKeyMaterial({ dataDir: dir, sslCert, sslKey: join(made, 'server-key.pem') })
    assert.equal(material.cert, await readFile(sslCert, 'utf8'))
    assert.equal(material.ca, undefined)
    assert.deepEqual((await readdir(dir)).sort(), ['private_key.pem', 'public_key.pem'])
  })

  it('refuses a certificate without its key and a path that is not there', async () => {
    const sslCert = join(made, 'server-cert.pem')
    await assert.rejects(loadKeyMaterial({ sslCert }), /ssl_cert and ssl_key belong together/)
    const missing = join(root, 'nowhere.pem')
    await assert.rejects(loadKeyMaterial({ sslCert: missing, sslKey: missing }), namesTheFile(missing))
    await assert.rejects(loadKeyMaterial({ sslCa: missing }), namesTheFile(missing))
  })
})

function namesTheFile(path: string) {
  return (error: Error) => {
    assert.ok(error instanceof ConfigurationError, inspect(error))
    assert.ok(error.message.includes(path) && !error.message.includes('\n'), error.message)
    return true
  }
}
