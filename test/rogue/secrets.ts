/** The secrets of the victim, and every form in which a server could have got hold of one. */
import { constants, createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { nonce, nonce32 } from './packets.ts'

export const password = 'Canary-7f3b9c51 of the first factor'
export const password2 = 'Canary-2ad804e7 of the second factor'
export const password3 = 'Canary-55e1c0d9 of the third factor'
export const openidToken = [
  Buffer.from('{"alg":"RS256"}').toString('base64url'),
  Buffer.from('{"sub":"Canary-91b7"}').toString('base64url'),
  Buffer.from('Canary-c3f2 of the token').toString('base64url'),
].join('.')
/** Stands in a file of the victim's. */
export const fileContent = 'Canary-0e6b of a file on the client'

const secrets = [password, password2, password3, openidToken, fileContent]

/** The rogue's own key: what is sealed with it, it can open. */
export const rogueKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const roguePem = rogueKey.publicKey.export({ type: 'spki', format: 'pem' }) as string

/** Names the secrets, and the forms of them, that stand in what a server heard. */
export function leaksIn(heard: Buffer): string[] {
  const opened = unsealed(heard)
  return forms
    .filter(({ bytes }) => heard.includes(bytes) || opened.some((text) => text.includes(bytes)))
    .map(({ name }) => name)
}

const digest = (algorithm: string, data: Uint8Array | string) => createHash(algorithm).update(data).digest()

function masked(text: Uint8Array, mask: Uint8Array): Buffer {
  return Buffer.from(text.map((byte, i) => byte ^ (mask[i % mask.length] as number)))
}

const forms = secrets.flatMap((secret) => {
  const clear = Buffer.from(secret)
  const sha1 = digest('sha1', clear)
  const sha256 = digest('sha256', clear)
  const raw: Record<string, Buffer> = {
    'in clear': clear,
    // A login that sends only a part of it sends too much.
    'its first 12 bytes': clear.subarray(0, 12),
    'SHA-1': sha1,
    'SHA-1 twice': digest('sha1', sha1),
    'SHA-256': sha256,
    'SHA-256 twice': digest('sha256', sha256),
    'SHA-512': digest('sha512', clear),
    MD5: digest('md5', clear),
    'masked with the nonce': masked(clear, nonce),
    'masked with the long nonce': masked(clear, nonce32),
  }
  return Object.entries(raw).flatMap(([form, bytes]) => [
    { name: `${secret}: ${form}`, bytes },
    { name: `${secret}: ${form}, hex`, bytes: Buffer.from(bytes.toString('hex')) },
    { name: `${secret}: ${form}, base64`, bytes: Buffer.from(bytes.toString('base64').replace(/=+$/, '')) },
  ])
})

/** Whatever in it was sealed with the rogue's key, with and without the mask. A sealed password is a packet of 256 bytes. */
function unsealed(heard: Buffer): Buffer[] {
  const opened: Buffer[] = []
  for (let at = 0; at + 256 <= heard.length; at++) {
    if (at > 0 && !(heard[at - 4] === 0 && heard[at - 3] === 1 && heard[at - 2] === 0)) continue
    try {
      const { privateKey } = rogueKey
      const padding = constants.RSA_PKCS1_OAEP_PADDING
      const text = privateDecrypt({ key: privateKey, padding, oaepHash: 'sha1' }, heard.subarray(at, at + 256))
      opened.push(text, masked(text, nonce))
    } catch {
      // Not sealed with this key.
    }
  }
  return opened
}
