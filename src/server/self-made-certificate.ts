/**
 * A certificate authority and a server certificate of our own making, for a first start without TLS files.
 *
 * X.509 v3 with everything that strict verifiers ask for (rustls rejects v1, Python 3.13 insists on key identifiers):
 * critical basic constraints and key usage, subject and authority key identifiers, names only in subjectAltName. ECDSA
 * P-256, because a signature costs a tenth of RSA-2048.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/creating-ssl-rsa-files-using-mysql.html
 */
import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

export interface SelfMadeCertificates {
  /** PEM. */
  readonly caCert: string
  readonly caKey: KeyObject
  /** PEM; valid for localhost, 127.0.0.1, ::1 and the host name. */
  readonly cert: string
  readonly key: KeyObject
}

/**
 * Makes a fresh CA and a server certificate signed by it, valid for ten years from one day before `nowMs`: the clock of
 * a client may be behind ours.
 *
 * Units: `nowMs` in milliseconds since 1970.
 */
export async function makeCertificates(hostname: string, nowMs: number): Promise<SelfMadeCertificates> {
  const ca = await makeKeyPair()
  const server = await makeKeyPair()
  const validity = new Validity({ notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + 3652 * dayMs) })
  const caName = 'Saltgate_Auto_Generated_CA_Certificate'

  const caCert = issue({
    subject: caName,
    issuer: caName,
    validity,
    publicKey: ca.publicKey,
    issuerPublicKey: ca.publicKey,
    issuerKey: ca.privateKey,
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
    ],
  })
  const cert = issue({
    subject: 'Saltgate_Auto_Generated_Server_Certificate',
    issuer: caName,
    validity,
    publicKey: server.publicKey,
    issuerPublicKey: ca.publicKey,
    issuerKey: ca.privateKey,
    extensions: [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
      extension(id_ce_subjectAltName, new SubjectAlternativeName(namesOf(hostname))),
    ],
  })
  return { caCert, caKey: ca.privateKey, cert, key: server.privateKey }
}

interface Issue {
  readonly subject: string
  readonly issuer: string
  readonly validity: Validity
  readonly publicKey: KeyObject
  readonly issuerPublicKey: KeyObject
  readonly issuerKey: KeyObject
  readonly extensions: readonly Extension[]
}

function issue(what: Issue): string {
  const signature = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const spki = AsnConvert.parse(what.publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature,
    issuer: commonName(what.issuer),
    validity: what.validity,
    subject: commonName(what.subject),
    subjectPublicKeyInfo: spki,
    extensions: new Extensions([
      ...what.extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(what.publicKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(what.issuerPublicKey)) }),
      ),
    ]),
  })
  const signed = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), what.issuerKey)
  const der = AsnConvert.serialize(
    new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue: exactBuffer(signed) }),
  )
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: commonNameOid, value })])])
}

function namesOf(hostname: string): GeneralName[] {
  // A name outside the DNS alphabet would make some verifiers refuse the whole certificate.
  const dnsNames = new Set([
    'localhost',
    ...(/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i.test(hostname) ? [hostname] : []),
  ])
  return [
    ...Array.from(dnsNames, (dNSName) => new GeneralName({ dNSName })),
    new GeneralName({ iPAddress: '127.0.0.1' }),
    new GeneralName({ iPAddress: '::1' }),
  ]
}

/** SHA-1 of the public key bits (RFC 5280, 4.2.1.2); an identifier, not a protection. */
function keyIdentifier(publicKey: KeyObject): ArrayBuffer {
  const spki = AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
  return exactBuffer(createHash('sha1').update(Buffer.from(spki.subjectPublicKey)).digest())
}

/** 16 random bytes that read as a positive DER integer without a leading zero. */
function serialNumber(): ArrayBuffer {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return exactBuffer(serial)
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

function makeKeyPair(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
}

const dayMs = 86_400_000
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const commonNameOid = '2.5.4.3'
