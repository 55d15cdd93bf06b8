/** Certificates for rogue servers: each as good as a real one, but for the one thing that its name says. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CertificateList,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

export interface Identity {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

interface Authority extends Identity {
  readonly name: Name
  readonly keys: Keys
}

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

interface Wishes {
  readonly subject?: Name
  readonly altNames?: readonly GeneralName[]
  readonly notBefore?: number
  readonly notAfter?: number
  readonly usage?: string
  readonly keys?: Keys
  readonly issuer?: Authority | 'itself'
  readonly serial?: Uint8Array
}

const dayMs = 86_400_000
const nowMs = Date.now()
const oid = { commonName: '2.5.4.3', organizationalUnit: '2.5.4.11', ecdsaWithSha256: '1.2.840.10045.4.3.2' }

const dns = (dNSName: string) => new GeneralName({ dNSName })
const ip = (iPAddress: string) => new GeneralName({ iPAddress })
const here = [dns('localhost'), ip('127.0.0.1')]
const named = (text: string, attribute = oid.commonName) =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: attribute, value: new AttributeValue({ utf8String: text }) }),
    ]),
  ])

const authority = makeAuthority('The authority that the client knows')
const revokedSerial = serialNumber()

/** What the client is told to trust. */
export const knownAuthority: string = authority.cert
/** That authority's list, with one certificate on it. */
export const revocations: string = makeRevocations()
/** In all respects what it should be. */
export const good: Identity = issue({})
export const revoked: Identity = issue({ serial: revokedSerial })
export const selfSigned: Identity = issue({ issuer: 'itself' })

/** Fault -> certificate: whoever verifies the authority must refuse it. */
export const unworthy: Readonly<Record<string, Identity>> = {
  'self-signed': selfSigned,
  'of another authority': issue({ issuer: makeAuthority('Another authority') }),
  'of another authority of the same name': issue({ issuer: makeAuthority('The authority that the client knows') }),
  expired: issue({ notBefore: nowMs - 30 * dayMs, notAfter: nowMs - dayMs }),
  'not yet valid': issue({ notBefore: nowMs + dayMs, notAfter: nowMs + 30 * dayMs }),
  'signed by a certificate that is no authority': signedBy(good),
  'for clients only': issue({ usage: id_kp_clientAuth }),
}

/** Fault -> certificate that the authority has signed for somebody else: whoever verifies the name must refuse it. */
export const misnamed: Readonly<Record<string, Identity & { readonly serverName?: string }>> = {
  'with the name of another': issue({ altNames: [dns('db.example.com'), ip('192.0.2.1')] }),
  'with another common name and no other': issue({ subject: named('db.example.com'), altNames: [] }),
  'with the name only in OU': {
    ...issue({ subject: named('localhost', oid.organizationalUnit), altNames: [] }),
    serverName: 'localhost',
  },
  'with the address only in CN': issue({ subject: named('127.0.0.1'), altNames: [] }),
  'with the address as a DNS name': issue({ altNames: [dns('127.0.0.1')] }),
  'with the right CN beside the names of another': {
    ...issue({ subject: named('localhost'), altNames: [dns('db.example.com')] }),
    serverName: 'localhost',
  },
  'with the name before a NUL': {
    ...issue({ altNames: [dns('localhost\0.example.com')] }),
    serverName: 'localhost',
  },
  'with a list of names in one': {
    ...issue({ altNames: [dns('db.example.com, DNS:localhost')] }),
    serverName: 'localhost',
  },
  'with a wildcard for everything': { ...issue({ altNames: [dns('*')] }), serverName: 'localhost' },
  'with a wildcard for a whole top level': { ...issue({ altNames: [dns('*.com')] }), serverName: 'db.example.com' },
  'with a wildcard that covers one label only': {
    ...issue({ altNames: [dns('*.example.com')] }),
    serverName: 'a.b.example.com',
  },
  'with a wildcard that does not cover the bare name': {
    ...issue({ altNames: [dns('*.example.com')] }),
    serverName: 'example.com',
  },
}

export const fingerprintOf = (identity: Identity): string =>
  createHash('sha256').update(derOf(identity.cert)).digest('hex')

function makeAuthority(name: string): Authority {
  const keys = keyPair()
  return { ...asAuthority(issue({ subject: named(name), issuer: 'itself', keys, usage: 'authority' })), keys }
}

/** Signs with any certificate's key, whether it may or not. */
function asAuthority(identity: Identity): Authority {
  const { tbsCertificate } = AsnConvert.parse(derOf(identity.cert), Certificate)
  const privateKey = createPrivateKey(identity.key)
  return { ...identity, name: tbsCertificate.subject, keys: { publicKey: createPublicKey(privateKey), privateKey } }
}

/** A server that has a certificate of its own plays the authority: the chain is whole, and worth nothing. */
function signedBy(identity: Identity): Identity {
  const { cert, key } = issue({ issuer: asAuthority(identity) })
  return { cert: cert + identity.cert, key }
}

function issue(wishes: Wishes): Identity {
  const { subject = named('A server'), altNames = here, keys = keyPair(), usage = id_kp_serverAuth } = wishes
  const { notBefore = nowMs - dayMs, notAfter = nowMs + 30 * dayMs, serial = serialNumber() } = wishes
  const issuer = wishes.issuer === 'itself' ? { name: subject, keys } : (wishes.issuer ?? authority)
  const isAuthority = usage === 'authority'
  const signature = new AlgorithmIdentifier({ algorithm: oid.ecdsaWithSha256 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: exact(serial),
    signature,
    issuer: issuer.name,
    validity: new Validity({ notBefore: new Date(notBefore), notAfter: new Date(notAfter) }),
    subject,
    subjectPublicKeyInfo: spkiOf(keys.publicKey),
    extensions: new Extensions([
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
      ...(isAuthority ? [] : [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([usage]))]),
      ...(isAuthority || altNames.length === 0
        ? []
        : [extension(id_ce_subjectAltName, new SubjectAlternativeName([...altNames]))]),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(identifierOf(keys.publicKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(identifierOf(issuer.keys.publicKey)) }),
      ),
    ]),
  })
  const signatureValue = signed(AsnConvert.serialize(tbsCertificate), issuer.keys.privateKey)
  const der = AsnConvert.serialize(new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue }))
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return { cert: pem('CERTIFICATE', der), key }
}

function makeRevocations(): string {
  const signature = new AlgorithmIdentifier({ algorithm: oid.ecdsaWithSha256 })
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature,
    issuer: authority.name,
    thisUpdate: new Time(new Date(nowMs - dayMs)),
    nextUpdate: new Time(new Date(nowMs + 30 * dayMs)),
    revokedCertificates: [
      new RevokedCertificate({
        userCertificate: exact(revokedSerial),
        revocationDate: new Time(new Date(nowMs - dayMs / 2)),
      }),
    ],
  })
  const list = new CertificateList({
    tbsCertList,
    signatureAlgorithm: signature,
    signature: signed(AsnConvert.serialize(tbsCertList), authority.keys.privateKey),
  })
  return pem('X509 CRL', AsnConvert.serialize(list))
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function signed(der: ArrayBuffer, key: KeyObject): ArrayBuffer {
  return exact(sign('sha256', Buffer.from(der), key))
}

function spkiOf(publicKey: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
}

function identifierOf(publicKey: KeyObject): ArrayBuffer {
  return exact(
    createHash('sha1')
      .update(Buffer.from(spkiOf(publicKey).subjectPublicKey))
      .digest(),
  )
}

function keyPair(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** 16 bytes that read as a positive DER integer without a leading zero. */
function serialNumber(): Uint8Array {
  const serial = randomBytes(16)
  serial[0] = 0x41
  return serial
}

function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
