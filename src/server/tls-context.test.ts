import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ConnectionOptions, connect, TLSSocket } from 'node:tls'
import { ConfigurationError } from '../errors/errors.ts'
import { type KeyMaterial, loadKeyMaterial } from './key-material.ts'
import { Settings } from './settings.ts'
import { createServerSecureContext, describePeer, oneLineName, ServerTls, type TlsPeer } from './tls-context.ts'

/** One real handshake over loopback; what each side saw. */
interface Handshake {
  readonly peer: TlsPeer
  readonly clientAuthorized: boolean
  readonly resumed: boolean
  readonly session: Buffer | undefined
}

/** Hands each connection to the TLS of the moment, as a server would after an SSLRequest. */
async function listen(tls: ServerTls): Promise<Server> {
  const server = createServer((raw) => {
    const socket = new TLSSocket(raw, tls.options)
    socket.on('error', () => socket.destroy())
    socket.on('secure', () => socket.end(JSON.stringify(describePeer(socket))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function shakeHands(server: Server, options: ConnectionOptions): Promise<Handshake> {
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options })
  let session: Buffer | undefined
  let text = ''
  let clientAuthorized = false
  let resumed = false
  socket.on('session', (ticket: Buffer) => {
    session = ticket
  })
  socket.on('secureConnect', () => {
    clientAuthorized = socket.authorized
    resumed = socket.isSessionReused()
  })
  socket.on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  // JSON leaves out what is undefined.
  const peer: TlsPeer = { subject: undefined, issuer: undefined, authorizationError: undefined, ...JSON.parse(text) }
  return { peer, clientAuthorized, resumed, session }
}

describe('ServerTls', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
  })

  async function serve(material: KeyMaterial, settings = new Settings()): Promise<{ server: Server; tls: ServerTls }> {
    const tls = new ServerTls(material, settings)
    const server = await listen(tls)
    servers.push(server)
    return { server, tls }
  }

  /** A certificate that `material`'s CA signed for clients is hard to come by; any pair with its own CA serves. */
  async function clientOf(): Promise<{ cert: string; key: string; ca: string }> {
    const { cert, key, ca } = await loadKeyMaterial({})
    return { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string, ca: ca ?? '' }
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`completes a verified ${version} handshake with its self-made certificate`, async () => {
      const material = await loadKeyMaterial({})
      const { server } = await serve(material)
      const { peer, clientAuthorized } = await shakeHands(server, { ca: material.ca, maxVersion: version })
      assert.ok(clientAuthorized)
      assert.equal(peer.version, version)
      assert.equal(peer.cipher, version === 'TLSv1.3' ? 'TLS_AES_128_GCM_SHA256' : 'ECDHE-ECDSA-AES128-GCM-SHA256')
      assert.deepEqual([peer.subject, peer.authorized, peer.authorizationError], [undefined, false, undefined])
    })

    it(`resumes a ${version} session, and not after a reload`, async () => {
      const material = await loadKeyMaterial({})
      const { server, tls } = await serve(material)
      const options = { ca: material.ca, maxVersion: version }
      const { session } = await shakeHands(server, options)
      assert.ok(session)
      assert.equal((await shakeHands(server, { ...options, session })).resumed, true)
      tls.reload()
      const afterReload = await shakeHands(server, { ...options, session })
      assert.equal(afterReload.resumed, false)
      assert.ok(afterReload.clientAuthorized)
    })

    it(`keeps the verdict on a client certificate when a ${version} session is resumed`, async () => {
      const stranger = await clientOf()
      const material = await loadKeyMaterial({})
      const { server } = await serve(material)
      const options = { ca: material.ca, maxVersion: version, cert: stranger.cert, key: stranger.key }
      const first = await shakeHands(server, options)
      const second = await shakeHands(server, { ...options, session: first.session })
      assert.equal(second.resumed, true)
      assert.equal(second.peer.authorized, false)
      assert.deepEqual(second.peer, first.peer)
    })
  }

  it('does not take a certificate that another CA signed', async () => {
    const material = await loadKeyMaterial({})
    const { server } = await serve(material)
    const { cert, key } = await clientOf()
    const { peer } = await shakeHands(server, { ca: material.ca, cert, key })
    assert.equal(peer.subject, '/CN=Saltgate_Auto_Generated_Server_Certificate')
    assert.equal(peer.issuer, '/CN=Saltgate_Auto_Generated_CA_Certificate')
    assert.equal(peer.authorized, false)
    assert.match(peer.authorizationError ?? '', /^UNABLE_TO_|^CERT_/)
  })

  it('does not take its own server certificate from a client', async () => {
    const material = await loadKeyMaterial({})
    const { server } = await serve(material)
    const key = material.key.export({ type: 'pkcs8', format: 'pem' }) as string
    const { peer } = await shakeHands(server, { ca: material.ca, cert: material.cert, key })
    assert.equal(peer.authorized, false)
    assert.equal(peer.authorizationError, 'INVALID_PURPOSE')
  })

  it('asks no client for a certificate when there is no CA', async () => {
    const { server } = await serve({ ...(await loadKeyMaterial({})), ca: undefined })
    const { cert, key } = await clientOf()
    const { peer } = await shakeHands(server, { rejectUnauthorized: false, cert, key })
    assert.deepEqual([peer.subject, peer.authorized], [undefined, false])
  })

  it('speaks the versions and ciphers of the settings only', async () => {
    const material = await loadKeyMaterial({})
    const only12 = await serve(
      material,
      new Settings({ tls_version: 'TLSv1.2', ssl_cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384' }),
    )
    const { peer } = await shakeHands(only12.server, { ca: material.ca })
    assert.deepEqual([peer.version, peer.cipher], ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'])
    await assert.rejects(shakeHands(only12.server, { ca: material.ca, minVersion: 'TLSv1.3' }))

    const only13 = await serve(
      material,
      new Settings({ tls_version: 'TLSv1.3', tls_ciphersuites: 'TLS_CHACHA20_POLY1305_SHA256' }),
    )
    assert.equal((await shakeHands(only13.server, { ca: material.ca })).peer.cipher, 'TLS_CHACHA20_POLY1305_SHA256')
    await assert.rejects(shakeHands(only13.server, { ca: material.ca, maxVersion: 'TLSv1.2' }))
  })

  it('refuses TLS 1.1', async () => {
    const { server } = await serve(await loadKeyMaterial({}))
    await assert.rejects(
      shakeHands(server, {
        rejectUnauthorized: false,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
    )
  })

  it('refuses to renegotiate', async () => {
    const material = await loadKeyMaterial({})
    const tls = new ServerTls(material, new Settings())
    const server = createServer((raw) => new TLSSocket(raw, tls.options).on('error', () => undefined).resume())
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: material.ca, maxVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect')
    const { promise, resolve } = Promise.withResolvers<Error | null>()
    socket.on('error', resolve)
    socket.renegotiate({}, resolve)
    assert.match(String(await promise), /no.renegotiation/i)
    socket.destroy()
  })

  it('is off while tls_version is empty, until a reload', async () => {
    const settings = new Settings({ tls_version: '' })
    const tls = new ServerTls(await loadKeyMaterial({}), settings)
    const isOn = () => tls.options !== undefined
    assert.equal(isOn(), false)
    settings.setGlobal('tls_version', 'TLSv1.3')
    assert.equal(isOn(), false)
    tls.reload()
    assert.equal(isOn(), true)
  })

  it('keeps the old context when a reload fails, and takes new key material when it works', async () => {
    const settings = new Settings()
    const [old, fresh] = [await loadKeyMaterial({}), await loadKeyMaterial({})]
    const { server, tls } = await serve(old, settings)
    settings.setGlobal('ssl_cipher', 'NO-SUCH-CIPHER')
    settings.setGlobal('tls_ciphersuites', 'NO-SUCH-SUITE')
    assert.throws(() => tls.reload(fresh), ConfigurationError)
    assert.ok((await shakeHands(server, { ca: old.ca })).clientAuthorized)
    settings.resetGlobal('ssl_cipher')
    settings.resetGlobal('tls_ciphersuites')
    tls.reload(fresh)
    assert.ok((await shakeHands(server, { ca: fresh.ca })).clientAuthorized)
  })
})

describe('createServerSecureContext', () => {
  it('explains a key that OpenSSL refuses, without the key', async () => {
    const [one, two] = [await loadKeyMaterial({}), await loadKeyMaterial({})]
    assert.throws(
      () => createServerSecureContext({ ...one, key: two.key }, new Settings()),
      (error) => error instanceof ConfigurationError && /^TLS cannot start/.test(error.message),
    )
  })
})

const openssl = '/usr/bin/openssl'
describe('certificates made by openssl', { skip: !existsSync(openssl) && `no ${openssl}` }, () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'saltgate-tls-'))
  })
  after(() => rm(root, { recursive: true }))

  function run(...args: string[]): string {
    return execFileSync(openssl, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  }

  it('accepts a client certificate of its CA and names its subject and issuer', async () => {
    const material = await loadKeyMaterial({ dataDir: join(root, 'data') })
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    run('req', ...ec, '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/C=SE/O=Salt/CN=miner')
    run('x509', '-req', '-in', 'client.csr', '-CA', 'data/ca.pem', '-CAkey', 'data/ca-key.pem', '-out', 'client.pem')
    const [cert, key] = [await readFile(join(root, 'client.pem')), await readFile(join(root, 'client.key'))]

    const server = await listen(new ServerTls(material, new Settings()))
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { ca: material.ca, cert, key, maxVersion }
      const first = await shakeHands(server, options)
      const second = await shakeHands(server, { ...options, session: first.session })
      assert.deepEqual([first.resumed, second.resumed], [false, true])
      for (const { peer } of [first, second]) {
        assert.equal(peer.authorized, true)
        assert.equal(peer.authorizationError, undefined)
        assert.equal(peer.subject, '/C=SE/O=Salt/CN=miner')
        assert.equal(peer.issuer, '/CN=Saltgate_Auto_Generated_CA_Certificate')
      }
    }
    server.close()
  })

  it('passes the strict verification of OpenSSL', async () => {
    await loadKeyMaterial({ dataDir: join(root, 'strict') })
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'strict/ca.pem']
    for (const name of [
      ['-verify_hostname', 'localhost'],
      ['-verify_ip', '127.0.0.1'],
      ['-verify_ip', '::1'],
    ]) {
      assert.match(run(...verify, ...name, 'strict/server-cert.pem'), /: OK/)
    }
  })

  for (const subject of [
    '/C=SE/ST=Skåne/O=Salt & Sons/OU=a/OU=b/CN=miner',
    '/O=a\\/b\\+c/CN= lead#, "q" <x>;=z\\\\ ',
    '/O=one+OU=two/CN=#hash/emailAddress=a@b.example/DC=x/UID=u',
    '/CN=tab\there 日本',
  ]) {
    it(`writes ${JSON.stringify(subject)} as X509_NAME_oneline does`, async () => {
      const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'x.key']
      run('req', '-x509', '-utf8', '-multivalue-rdn', ...ec, '-out', 'x.pem', '-subj', subject)
      const expected = run('x509', '-in', 'x.pem', '-noout', '-subject', '-nameopt', 'compat').slice(
        'subject='.length,
        -1,
      )
      assert.equal(oneLineName(new X509Certificate(await readFile(join(root, 'x.pem'))).subject), expected)
    })
  }
})
